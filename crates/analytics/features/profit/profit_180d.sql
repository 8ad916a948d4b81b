/*
id: profit_180d
zh: 近 180 天利润
en: Profit, last 180 days
group: profit
type: decimal
unit: currency
window: 180d
description: >-
  Amount less cost of the lines whose cost is known, in the 180 days that end on the date; of what
  came back, less than nothing. It may be below zero. Null without such lines.
*/
SELECT customer_id,
       sum(amount - cost) FILTER (WHERE days_ago < 180) AS profit_180d
FROM margins
GROUP BY customer_id
