/*
id: interpurchase_days_mean
zh: 平均购买间隔
en: Mean days between purchases
group: frequency
type: ratio
unit: d
description: >-
  Mean number of days from one day with completed orders to the next; the orders of one day are
  one purchase. Null with fewer than two such days.
*/
-- Orders of one day are one purchase, as when a transaction history is prepared for a customer-base
-- model (Fader and Hardie, A note on deriving the Pareto/NBD, 2005, and the walkthrough of the R
-- package BTYD).
-- A gap is the number of days from one day with orders to the next.
SELECT customer_id,
       round(CAST(sum(gap) AS DECIMAL(38, 10)) / count(gap), 9) AS interpurchase_days_mean
FROM (
    SELECT customer_id,
           CAST(nullif(lag(days_ago) OVER (PARTITION BY customer_id ORDER BY days_ago DESC)
                       - days_ago, 0) AS BIGINT) AS gap
    FROM orders
    WHERE is_purchase
) AS gaps
WHERE gap IS NOT NULL
GROUP BY customer_id
