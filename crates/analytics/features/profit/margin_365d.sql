/*
id: margin_365d
zh: 近一年利润率
en: Margin, last 365 days
group: profit
type: ratio
unit: share
window: 365d
description: >-
  Profit over amount, of the lines whose cost is known in the 365 days that end on the date. Below
  zero where they cost more than they brought. Null where their amounts do not come to more than
  zero.
*/
SELECT customer_id,
       CASE WHEN sum(amount) FILTER (WHERE days_ago < 365) > 0 THEN
           round(CAST(sum(amount - cost) FILTER (WHERE days_ago < 365) AS DECIMAL(38, 10))
                 / sum(amount) FILTER (WHERE days_ago < 365), 9)
       END AS margin_365d
FROM margins
GROUP BY customer_id
