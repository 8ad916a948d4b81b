/*
id: top_brand_lines
zh: 首选品牌明细数
en: Lines of the top brand
group: habits
type: integer
unit: "1"
missing: "0"
description: >-
  Lines of completed sales of the top brand: what `top_brand` rests on. 0 without one.
*/
SELECT customer_id,
       first_value(lines ORDER BY amount DESC, brand) AS top_brand_lines
FROM (
    SELECT customer_id, brand, sum(amount) AS amount, count(*) AS lines
    FROM lines
    WHERE brand IS NOT NULL
    GROUP BY customer_id, brand
    HAVING sum(amount) > 0
) AS summed
GROUP BY customer_id
