/*
id: orders_730d
zh: 近两年订单数
en: Orders, last 730 days
group: frequency
type: integer
unit: "1"
window: 730d
missing: "0"
description: >-
  Completed orders in the 730 days that end on the date. 0 without any.
*/
SELECT customer_id,
       count(*) FILTER (WHERE is_purchase AND days_ago < 730) AS orders_730d
FROM orders
GROUP BY customer_id
