/*
id: quantity_90d
zh: 近 90 天件数
en: Units, last 90 days
group: quantity
type: decimal
unit: "1"
window: 90d
description: >-
  Units sold less units that came back, of completed sales and returns in the 90 days that end on
  the date. Null without any.
*/
SELECT customer_id,
       sum(quantity) FILTER (WHERE days_ago < 90) AS quantity_90d
FROM units
GROUP BY customer_id
