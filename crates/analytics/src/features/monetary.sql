SELECT c.customer_id,
       o.amount_30d,
       o.amount_90d,
       o.amount_180d,
       o.amount_365d,
       o.amount_730d,
       o.amount_total,
       round(o.ordered_365d / nullif(o.orders_365d, 0), 4) AS avg_order_value_365d
FROM customers AS c
LEFT JOIN (
    SELECT customer_id,
           sum(amount) FILTER (WHERE days_ago < 30) AS amount_30d,
           sum(amount) FILTER (WHERE days_ago < 90) AS amount_90d,
           sum(amount) FILTER (WHERE days_ago < 180) AS amount_180d,
           sum(amount) FILTER (WHERE days_ago < 365) AS amount_365d,
           sum(amount) FILTER (WHERE days_ago < 730) AS amount_730d,
           sum(amount) AS amount_total,
           sum(amount) FILTER (WHERE is_purchase AND days_ago < 365) AS ordered_365d,
           count(*) FILTER (WHERE is_purchase AND days_ago < 365) AS orders_365d
    FROM orders
    GROUP BY customer_id
) AS o ON o.customer_id = c.customer_id
