-- The least-squares slope of a_1 .. a_12 over their mean: sum((i - 6.5) a_i) / 143, divided by
-- sum(a_i) / 12, is 6 sum((2 i - 13) a_i) / (143 sum(a_i)).
SELECT c.customer_id,
       CASE WHEN o.amount_before > 0 THEN
           round(CAST(coalesce(o.amount_last, 0) - o.amount_before AS DECIMAL(38, 10))
                 / o.amount_before, 9)
       END AS amount_growth_yoy,
       CASE WHEN o.amount_12m > 0 THEN
           round(CAST(6 * o.weighted_12m AS DECIMAL(38, 10)) / (143 * o.amount_12m), 9)
       END AS amount_trend_12m
FROM customers AS c
LEFT JOIN (
    SELECT customer_id,
           sum(amount) FILTER (WHERE days_ago < 365) AS amount_last,
           sum(amount) FILTER (WHERE days_ago >= 365 AND days_ago < 730) AS amount_before,
           sum(amount) FILTER (WHERE month IS NOT NULL) AS amount_12m,
           sum(amount * (2 * month - 13)) AS weighted_12m
    FROM orders
    GROUP BY customer_id
) AS o ON o.customer_id = c.customer_id
