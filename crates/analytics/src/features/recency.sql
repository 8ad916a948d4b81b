SELECT c.customer_id,
       o.recency_days,
       coalesce(o.tenure_days, c.registered_days) AS tenure_days
FROM customers AS c
LEFT JOIN (
    SELECT customer_id,
           min(days_ago) AS recency_days,
           max(days_ago) AS tenure_days
    FROM orders
    WHERE is_purchase
    GROUP BY customer_id
) AS o ON o.customer_id = c.customer_id
