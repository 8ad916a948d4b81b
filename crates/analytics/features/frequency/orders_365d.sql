/*
id: orders_365d
zh: 近一年订单数
en: Orders, last 365 days
group: frequency
type: integer
unit: "1"
window: 365d
missing: "0"
description: >-
  Completed orders in the 365 days that end on the date. 0 without any.
*/
SELECT customer_id,
       count(*) FILTER (WHERE is_purchase AND days_ago < 365) AS orders_365d
FROM orders
GROUP BY customer_id
