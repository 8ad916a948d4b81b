/*
id: recency_days
zh: 距上次购买天数
en: Days since the last order
group: recency
type: integer
unit: d
description: >-
  Days from the last completed order to the date, 0 on the day itself. Null without one.
*/
SELECT customer_id,
       min(days_ago) FILTER (WHERE is_purchase) AS recency_days
FROM orders
GROUP BY customer_id
