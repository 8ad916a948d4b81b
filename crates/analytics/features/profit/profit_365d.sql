/*
id: profit_365d
zh: 近一年利润
en: Profit, last 365 days
group: profit
type: decimal
unit: currency
window: 365d
description: >-
  Amount less cost of the lines whose cost is known, in the 365 days that end on the date; of what
  came back, less than nothing. It may be below zero. Null without such lines.
*/
SELECT customer_id,
       sum(amount - cost) FILTER (WHERE days_ago < 365) AS profit_365d
FROM margins
GROUP BY customer_id
