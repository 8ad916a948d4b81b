/*
id: top_brand
zh: 首选品牌
en: Top brand
group: habits
type: text
description: >-
  The brand with the highest amount of sales; of equals the first by name. Null when no line
  above zero names one.
*/
SELECT customer_id,
       first_value(brand ORDER BY amount DESC, brand) AS top_brand
FROM (
    SELECT customer_id, brand, sum(amount) AS amount
    FROM lines
    WHERE brand IS NOT NULL
    GROUP BY customer_id, brand
    HAVING sum(amount) > 0
) AS summed
GROUP BY customer_id
