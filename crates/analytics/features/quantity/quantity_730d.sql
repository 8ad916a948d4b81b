/*
id: quantity_730d
zh: 近两年件数
en: Units, last 730 days
group: quantity
type: decimal
unit: "1"
window: 730d
description: >-
  Units sold less units that came back, of completed sales and returns in the 730 days that end on
  the date. Null without any.
*/
SELECT customer_id,
       sum(quantity) FILTER (WHERE days_ago < 730) AS quantity_730d
FROM units
GROUP BY customer_id
