/*
id: orders_90d
zh: 近 90 天订单数
en: Orders, last 90 days
group: frequency
type: integer
unit: "1"
window: 90d
missing: "0"
description: >-
  Completed orders in the 90 days that end on the date. 0 without any.
*/
SELECT customer_id,
       count(*) FILTER (WHERE is_purchase AND days_ago < 90) AS orders_90d
FROM orders
GROUP BY customer_id
