/*
id: avg_order_value_365d
zh: 近一年平均订单金额
en: Mean order value, last 365 days
group: monetary
type: decimal
unit: currency
window: 365d
description: >-
  Mean amount of the completed orders in the 365 days that end on the date; returns do not lower
  it. Null without orders.
*/
SELECT customer_id,
       round(sum(amount) FILTER (WHERE is_purchase AND days_ago < 365)
             / nullif(count(*) FILTER (WHERE is_purchase AND days_ago < 365), 0), 4)
           AS avg_order_value_365d
FROM orders
GROUP BY customer_id
