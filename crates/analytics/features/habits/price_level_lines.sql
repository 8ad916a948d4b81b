/*
id: price_level_lines
zh: 价格水平明细数
en: Lines of the price level
group: habits
type: integer
unit: "1"
missing: "0"
description: >-
  Lines of completed sales that name a category: what `price_level` rests on. 0 without any.
*/
SELECT customer_id, count(*) FILTER (WHERE category IS NOT NULL) AS price_level_lines
FROM lines
GROUP BY customer_id
