/*
id: interpurchase_days_cv
zh: 购买间隔变异系数
en: Variation of days between purchases
group: frequency
type: ratio
unit: "1"
description: >-
  Sample standard deviation of the days between purchases over their mean: near 0 is regular,
  near 1 is random, above is in bursts. Null with fewer than three days with orders.
*/
-- The variation of the times between purchases is that of Platzer and Reutterer, Ticking away the
-- moments (Marketing Science, 2016). The sample variance of n gaps over their squared mean is
-- n (n sum(gap^2) - sum(gap)^2) / ((n - 1) sum(gap)^2): whole numbers up to the last division.
SELECT customer_id,
       CASE WHEN count(gap) > 1 THEN
           round(sqrt(CAST(count(gap) * (count(gap) * sum(gap * gap) - sum(gap) * sum(gap))
                           AS DOUBLE)
                      / CAST((count(gap) - 1) * sum(gap) * sum(gap) AS DOUBLE)), 9)
       END AS interpurchase_days_cv
FROM (
    SELECT customer_id,
           CAST(nullif(lag(days_ago) OVER (PARTITION BY customer_id ORDER BY days_ago DESC)
                       - days_ago, 0) AS BIGINT) AS gap
    FROM orders
    WHERE is_purchase
) AS gaps
WHERE gap IS NOT NULL
GROUP BY customer_id
