/*
id: active_months_12m
zh: 近 12 个月活跃月数
en: Active months, last 12
group: frequency
type: integer
unit: "1"
window: 12m
missing: "0"
description: >-
  How many of the 12 months that end on the date have a completed order; a month runs from the
  day after the same day of the month before. 0 to 12.
*/
SELECT customer_id,
       count(DISTINCT month) FILTER (WHERE is_purchase) AS active_months_12m
FROM orders
GROUP BY customer_id
