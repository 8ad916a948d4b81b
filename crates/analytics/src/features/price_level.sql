-- The percentile of a price: the share of the lines of its category (and currency) that are
-- cheaper, and half of those that cost the same.
SELECT c.customer_id,
       p.price_level
FROM customers AS c
LEFT JOIN (
    SELECT l.customer_id,
           round(CAST(sum(r.percentile) AS DECIMAL(38, 12)) / count(*), 9) AS price_level
    FROM lines AS l
    JOIN (
        SELECT category,
               currency,
               unit_price,
               round(CAST(2 * sum(lines) OVER up_to - lines AS DECIMAL(38, 13))
                     / (2 * sum(lines) OVER within), 12) AS percentile
        FROM prices
        WINDOW within AS (PARTITION BY category, currency),
               up_to AS (PARTITION BY category, currency ORDER BY unit_price)
    ) AS r
        ON r.category = l.category AND r.currency = l.currency AND r.unit_price = l.unit_price
    GROUP BY l.customer_id
) AS p ON p.customer_id = c.customer_id
