/*
id: orders_180d
zh: 近 180 天订单数
en: Orders, last 180 days
group: frequency
type: integer
unit: "1"
window: 180d
missing: "0"
description: >-
  Completed orders in the 180 days that end on the date. 0 without any.
*/
SELECT customer_id,
       count(*) FILTER (WHERE is_purchase AND days_ago < 180) AS orders_180d
FROM orders
GROUP BY customer_id
