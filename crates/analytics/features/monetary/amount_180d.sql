/*
id: amount_180d
zh: 近 180 天金额
en: Amount, last 180 days
group: monetary
type: decimal
unit: currency
window: 180d
description: >-
  Sales less returns, and adjustments, in the 180 days that end on the date. Null without any.
*/
SELECT customer_id,
       sum(amount) FILTER (WHERE days_ago < 180) AS amount_180d
FROM orders
GROUP BY customer_id
