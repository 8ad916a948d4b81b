/*
id: profit_730d
zh: 近两年利润
en: Profit, last 730 days
group: profit
type: decimal
unit: currency
window: 730d
description: >-
  Amount less cost of the lines whose cost is known, in the 730 days that end on the date; of what
  came back, less than nothing. It may be below zero. Null without such lines.
*/
SELECT customer_id,
       sum(amount - cost) FILTER (WHERE days_ago < 730) AS profit_730d
FROM margins
GROUP BY customer_id
