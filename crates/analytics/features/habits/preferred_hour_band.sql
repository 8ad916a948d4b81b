/*
id: preferred_hour_band
zh: 首选时段
en: Preferred time of day
group: habits
type: text
description: >-
  When most completed orders were placed, local time: `night` 0-5, `morning` 6-11, `afternoon`
  12-17, `evening` 18-23; of equals the one used last, then the earliest. Null without orders.
*/
SELECT customer_id,
       CASE first_value(band ORDER BY orders DESC, last_days_ago, band)
           WHEN 0 THEN 'night'
           WHEN 1 THEN 'morning'
           WHEN 2 THEN 'afternoon'
           ELSE 'evening'
       END AS preferred_hour_band
FROM (
    SELECT customer_id, hour / 6 AS band, count(*) AS orders, min(days_ago) AS last_days_ago
    FROM orders
    WHERE is_purchase
    GROUP BY customer_id, hour / 6
) AS counted
GROUP BY customer_id
