/*
id: profit_30d
zh: 近 30 天利润
en: Profit, last 30 days
group: profit
type: decimal
unit: currency
window: 30d
description: >-
  Amount less cost of the lines whose cost is known, in the 30 days that end on the date; of what
  came back, less than nothing. It may be below zero. Null without such lines.
*/
SELECT customer_id,
       sum(amount - cost) FILTER (WHERE days_ago < 30) AS profit_30d
FROM margins
GROUP BY customer_id
