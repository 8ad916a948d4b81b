/*
id: amount_730d
zh: 近两年金额
en: Amount, last 730 days
group: monetary
type: decimal
unit: currency
window: 730d
description: >-
  Sales less returns, and adjustments, in the 730 days that end on the date. Null without any.
*/
SELECT customer_id,
       sum(amount) FILTER (WHERE days_ago < 730) AS amount_730d
FROM orders
GROUP BY customer_id
