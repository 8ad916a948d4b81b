/*
id: purchase_days
zh: 购买天数
en: Days with purchases
group: frequency
type: integer
unit: d
missing: "0"
description: >-
  Days with completed orders, of all time; the orders of one day are one purchase. 0 without any.
*/
SELECT customer_id,
       count(DISTINCT days_ago) FILTER (WHERE is_purchase) AS purchase_days
FROM orders
GROUP BY customer_id
