/*
id: quantity_365d
zh: 近一年件数
en: Units, last 365 days
group: quantity
type: decimal
unit: "1"
window: 365d
description: >-
  Units sold less units that came back, of completed sales and returns in the 365 days that end on
  the date. Null without any.
*/
SELECT customer_id,
       sum(quantity) FILTER (WHERE days_ago < 365) AS quantity_365d
FROM units
GROUP BY customer_id
