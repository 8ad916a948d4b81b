/*
id: top_category
zh: 首选品类
en: Top category
group: habits
type: text
description: >-
  The product category with the highest amount of sales; of equals the first by name. Null when
  no line above zero names one.
*/
SELECT customer_id,
       first_value(category ORDER BY amount DESC, category) AS top_category
FROM (
    SELECT customer_id, category, sum(amount) AS amount
    FROM lines
    WHERE category IS NOT NULL
    GROUP BY customer_id, category
    HAVING sum(amount) > 0
) AS summed
GROUP BY customer_id
