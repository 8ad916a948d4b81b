/*
id: amount_365d
zh: 近一年金额
en: Amount, last 365 days
group: monetary
type: decimal
unit: currency
window: 365d
description: >-
  Sales less returns, and adjustments, in the 365 days that end on the date. Null without any.
*/
SELECT customer_id,
       sum(amount) FILTER (WHERE days_ago < 365) AS amount_365d
FROM orders
GROUP BY customer_id
