/*
id: preferred_channel
zh: 首选渠道
en: Preferred channel
group: habits
type: text
description: >-
  The channel of most completed orders; of equals the one used last, then the first by name.
  Null when no order names one.
*/
SELECT customer_id,
       first_value(channel ORDER BY orders DESC, last_days_ago, channel) AS preferred_channel
FROM (
    SELECT customer_id, channel, count(*) AS orders, min(days_ago) AS last_days_ago
    FROM orders
    WHERE is_purchase AND channel IS NOT NULL
    GROUP BY customer_id, channel
) AS counted
GROUP BY customer_id
