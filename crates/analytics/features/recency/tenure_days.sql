/*
id: tenure_days
zh: 客户关系天数
en: Days as a customer
group: recency
type: integer
unit: d
missing: registered_days
description: >-
  Days from the first completed order to the date; without one, from the registration. Null
  without either.
*/
SELECT customer_id,
       max(days_ago) FILTER (WHERE is_purchase) AS tenure_days
FROM orders
GROUP BY customer_id
