/*
id: amount_30d
zh: 近 30 天金额
en: Amount, last 30 days
group: monetary
type: decimal
unit: currency
window: 30d
description: >-
  Sales less returns, and adjustments, in the 30 days that end on the date. Null without any.
*/
SELECT customer_id,
       sum(amount) FILTER (WHERE days_ago < 30) AS amount_30d
FROM orders
GROUP BY customer_id
