/*
id: ces_mean_365d
zh: 近一年平均费力度
en: "Mean customer effort (CES), last 365 days"
group: satisfaction
type: ratio
unit: "1"
window: 365d
description: >-
  Mean of the `ces` answers in the 365 days that end on the date, in points from 0 for the worst
  to 100 for the best of the scale of each. Null without any.
*/
SELECT customer_id,
       round(CAST(sum(points) FILTER (WHERE measure = 'ces' AND days_ago < 365) AS DECIMAL(38, 10))
             / nullif(count(*) FILTER (WHERE measure = 'ces' AND days_ago < 365), 0), 9)
           AS ces_mean_365d
FROM surveys
GROUP BY customer_id
