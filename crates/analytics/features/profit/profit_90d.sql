/*
id: profit_90d
zh: 近 90 天利润
en: Profit, last 90 days
group: profit
type: decimal
unit: currency
window: 90d
description: >-
  Amount less cost of the lines whose cost is known, in the 90 days that end on the date; of what
  came back, less than nothing. It may be below zero. Null without such lines.
*/
SELECT customer_id,
       sum(amount - cost) FILTER (WHERE days_ago < 90) AS profit_90d
FROM margins
GROUP BY customer_id
