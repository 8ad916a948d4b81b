/*
id: amount_growth_yoy
zh: 金额同比增长
en: Growth on the year before
group: growth
type: ratio
unit: share
window: 730d
description: >-
  The amount of the last 365 days against that of the 365 days before: 0.5 is half as much
  again, -1 is nothing any more. Null unless there is an amount above zero in the year before.
*/
SELECT customer_id,
       CASE WHEN sum(amount) FILTER (WHERE days_ago >= 365 AND days_ago < 730) > 0 THEN
           round(CAST(coalesce(sum(amount) FILTER (WHERE days_ago < 365), 0)
                      - sum(amount) FILTER (WHERE days_ago >= 365 AND days_ago < 730)
                      AS DECIMAL(38, 10))
                 / sum(amount) FILTER (WHERE days_ago >= 365 AND days_ago < 730), 9)
       END AS amount_growth_yoy
FROM orders
GROUP BY customer_id
