/*
id: orders_total
zh: 累计订单数
en: Orders of all time
group: frequency
type: integer
unit: "1"
missing: "0"
description: >-
  Completed orders up to the date. 0 without any.
*/
SELECT customer_id,
       count(*) FILTER (WHERE is_purchase) AS orders_total
FROM orders
GROUP BY customer_id
