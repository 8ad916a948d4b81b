/*
id: quantity_total
zh: 累计件数
en: Total units
group: quantity
type: decimal
unit: "1"
description: >-
  Units sold less units that came back, of all completed sales and returns up to the date. Null
  without any.
*/
SELECT customer_id,
       sum(quantity) AS quantity_total
FROM units
GROUP BY customer_id
