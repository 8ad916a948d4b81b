/*
id: preferred_hour
zh: 首选购买时刻
en: Preferred hour
group: habits
type: integer
unit: "1"
description: >-
  The local hour, 0 to 23, in which most completed orders were placed; of equals the one used
  last, then the earliest. Null without orders.
*/
SELECT customer_id,
       first_value(hour ORDER BY orders DESC, last_days_ago, hour) AS preferred_hour
FROM (
    SELECT customer_id, hour, count(*) AS orders, min(days_ago) AS last_days_ago
    FROM orders
    WHERE is_purchase
    GROUP BY customer_id, hour
) AS counted
GROUP BY customer_id
