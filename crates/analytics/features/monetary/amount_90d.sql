/*
id: amount_90d
zh: 近 90 天金额
en: Amount, last 90 days
group: monetary
type: decimal
unit: currency
window: 90d
description: >-
  Sales less returns, and adjustments, in the 90 days that end on the date. Null without any.
*/
SELECT customer_id,
       sum(amount) FILTER (WHERE days_ago < 90) AS amount_90d
FROM orders
GROUP BY customer_id
