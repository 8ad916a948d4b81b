/*
id: amount_costed_365d
zh: 近一年有成本的金额
en: Amount with a known cost, last 365 days
group: profit
type: decimal
unit: currency
window: 365d
description: >-
  Amount of the lines whose cost is known, in the 365 days that end on the date: what profit_365d is a
  share of. Null without such lines.
*/
SELECT customer_id,
       sum(amount) FILTER (WHERE days_ago < 365) AS amount_costed_365d
FROM margins
GROUP BY customer_id
