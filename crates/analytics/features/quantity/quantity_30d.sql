/*
id: quantity_30d
zh: 近 30 天件数
en: Units, last 30 days
group: quantity
type: decimal
unit: "1"
window: 30d
description: >-
  Units sold less units that came back, of completed sales and returns in the 30 days that end on
  the date. Null without any.
*/
SELECT customer_id,
       sum(quantity) FILTER (WHERE days_ago < 30) AS quantity_30d
FROM units
GROUP BY customer_id
