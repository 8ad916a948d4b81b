/*
id: top_category_lines
zh: 首选品类明细数
en: Lines of the top category
group: habits
type: integer
unit: "1"
missing: "0"
description: >-
  Lines of completed sales of the top category: what `top_category` rests on. 0 without one.
*/
SELECT customer_id,
       first_value(lines ORDER BY amount DESC, category) AS top_category_lines
FROM (
    SELECT customer_id, category, sum(amount) AS amount, count(*) AS lines
    FROM lines
    WHERE category IS NOT NULL
    GROUP BY customer_id, category
    HAVING sum(amount) > 0
) AS summed
GROUP BY customer_id
