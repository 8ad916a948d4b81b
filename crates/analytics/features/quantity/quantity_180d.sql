/*
id: quantity_180d
zh: 近 180 天件数
en: Units, last 180 days
group: quantity
type: decimal
unit: "1"
window: 180d
description: >-
  Units sold less units that came back, of completed sales and returns in the 180 days that end on
  the date. Null without any.
*/
SELECT customer_id,
       sum(quantity) FILTER (WHERE days_ago < 180) AS quantity_180d
FROM units
GROUP BY customer_id
