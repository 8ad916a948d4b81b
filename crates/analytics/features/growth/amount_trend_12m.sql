/*
id: amount_trend_12m
zh: 近 12 个月金额趋势
en: Trend over 12 months
group: growth
type: ratio
unit: share
window: 12m
description: >-
  Least-squares slope of the amounts of the 12 months that end on the date, over their mean: 0.1
  is a rise by a tenth of the mean each month. Months without orders are zeros. Null unless the
  12 months have an amount above zero.
*/
-- The least-squares slope of a_1 .. a_12 over their mean: sum((i - 6.5) a_i) / 143, divided by
-- sum(a_i) / 12, is 6 sum((2 i - 13) a_i) / (143 sum(a_i)).
SELECT customer_id,
       CASE WHEN sum(amount) FILTER (WHERE month IS NOT NULL) > 0 THEN
           round(CAST(6 * sum(amount * (2 * month - 13)) AS DECIMAL(38, 10))
                 / (143 * sum(amount) FILTER (WHERE month IS NOT NULL)), 9)
       END AS amount_trend_12m
FROM orders
GROUP BY customer_id
