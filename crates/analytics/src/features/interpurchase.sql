-- A gap is the number of days from one day with orders to the next; several orders on one day
-- are one purchase. The sample variance of n gaps over their squared mean is
-- n (n sum(gap^2) - sum(gap)^2) / ((n - 1) sum(gap)^2): whole numbers up to the last division.
SELECT c.customer_id,
       round(CAST(g.days AS DECIMAL(38, 10)) / g.gaps, 9) AS interpurchase_days_mean,
       CASE WHEN g.gaps > 1 THEN
           round(sqrt(CAST(g.gaps * (g.gaps * g.squares - g.days * g.days) AS DOUBLE)
                      / CAST((g.gaps - 1) * g.days * g.days AS DOUBLE)), 9)
       END AS interpurchase_days_cv
FROM customers AS c
LEFT JOIN (
    SELECT customer_id,
           count(gap) AS gaps,
           sum(gap) AS days,
           sum(gap * gap) AS squares
    FROM (
        SELECT customer_id,
               CAST(nullif(lag(days_ago) OVER (PARTITION BY customer_id ORDER BY days_ago DESC)
                           - days_ago, 0) AS BIGINT) AS gap
        FROM orders
        WHERE is_purchase
    ) AS gaps
    WHERE gap IS NOT NULL
    GROUP BY customer_id
) AS g ON g.customer_id = c.customer_id
