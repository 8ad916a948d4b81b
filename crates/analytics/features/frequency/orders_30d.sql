/*
id: orders_30d
zh: 近 30 天订单数
en: Orders, last 30 days
group: frequency
type: integer
unit: "1"
window: 30d
missing: "0"
description: >-
  Completed orders in the 30 days that end on the date. 0 without any.
*/
SELECT customer_id,
       count(*) FILTER (WHERE is_purchase AND days_ago < 30) AS orders_30d
FROM orders
GROUP BY customer_id
