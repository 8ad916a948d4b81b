/*
id: top_category_share
zh: 首选品类占比
en: Share of the top category
group: habits
type: ratio
unit: share
description: >-
  The amount of the top category over that of all categories with an amount above zero. Null
  without a top category.
*/
SELECT customer_id,
       round(CAST(max(amount) AS DECIMAL(38, 10)) / sum(amount), 9) AS top_category_share
FROM (
    SELECT customer_id, category, sum(amount) AS amount
    FROM lines
    WHERE category IS NOT NULL
    GROUP BY customer_id, category
    HAVING sum(amount) > 0
) AS summed
GROUP BY customer_id
