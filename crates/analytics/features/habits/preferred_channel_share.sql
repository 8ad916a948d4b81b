/*
id: preferred_channel_share
zh: 首选渠道占比
en: Share of the preferred channel
group: habits
type: ratio
unit: share
description: >-
  The completed orders of the preferred channel over all completed orders that name one. Null when
  no order names one.
*/
SELECT customer_id,
       round(CAST(max(orders) AS DECIMAL(38, 10)) / sum(orders), 9) AS preferred_channel_share
FROM (
    SELECT customer_id, channel, count(*) AS orders, min(days_ago) AS last_days_ago
    FROM orders
    WHERE is_purchase AND channel IS NOT NULL
    GROUP BY customer_id, channel
) AS counted
GROUP BY customer_id
