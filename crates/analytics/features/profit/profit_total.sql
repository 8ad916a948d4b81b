/*
id: profit_total
zh: 累计利润
en: Total profit
group: profit
type: decimal
unit: currency
description: >-
  Amount less cost of all lines whose cost is known up to the date; of what came back, less than
  nothing. It may be below zero. Null without such lines.
*/
SELECT customer_id,
       sum(amount - cost) AS profit_total
FROM margins
GROUP BY customer_id
