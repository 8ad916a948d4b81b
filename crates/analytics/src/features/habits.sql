SELECT c.customer_id,
       channels.preferred_channel,
       bands.preferred_hour_band,
       weekends.weekend_share
FROM customers AS c
LEFT JOIN (
    SELECT customer_id,
           first_value(channel ORDER BY orders DESC, last_days_ago, channel) AS preferred_channel
    FROM (
        SELECT customer_id, channel, count(*) AS orders, min(days_ago) AS last_days_ago
        FROM orders
        WHERE is_purchase AND channel IS NOT NULL
        GROUP BY customer_id, channel
    ) AS counted
    GROUP BY customer_id
) AS channels ON channels.customer_id = c.customer_id
LEFT JOIN (
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
) AS bands ON bands.customer_id = c.customer_id
LEFT JOIN (
    SELECT customer_id,
           round(CAST(count(*) FILTER (WHERE weekday >= 6) AS DECIMAL(38, 10)) / count(*), 9)
               AS weekend_share
    FROM orders
    WHERE is_purchase
    GROUP BY customer_id
) AS weekends ON weekends.customer_id = c.customer_id
