SELECT c.customer_id,
       coalesce(o.orders_30d, 0) AS orders_30d,
       coalesce(o.orders_90d, 0) AS orders_90d,
       coalesce(o.orders_180d, 0) AS orders_180d,
       coalesce(o.orders_365d, 0) AS orders_365d,
       coalesce(o.orders_730d, 0) AS orders_730d,
       coalesce(o.orders_total, 0) AS orders_total,
       coalesce(o.active_months_12m, 0) AS active_months_12m
FROM customers AS c
LEFT JOIN (
    SELECT customer_id,
           count(*) FILTER (WHERE days_ago < 30) AS orders_30d,
           count(*) FILTER (WHERE days_ago < 90) AS orders_90d,
           count(*) FILTER (WHERE days_ago < 180) AS orders_180d,
           count(*) FILTER (WHERE days_ago < 365) AS orders_365d,
           count(*) FILTER (WHERE days_ago < 730) AS orders_730d,
           count(*) AS orders_total,
           count(DISTINCT month) AS active_months_12m
    FROM orders
    WHERE is_purchase
    GROUP BY customer_id
) AS o ON o.customer_id = c.customer_id
