/*
id: amount_total
zh: 累计金额
en: Amount of all time
group: monetary
type: decimal
unit: currency
description: >-
  Sales less returns, and adjustments, up to the date. Null without any.
*/
SELECT customer_id,
       sum(amount) AS amount_total
FROM orders
GROUP BY customer_id
