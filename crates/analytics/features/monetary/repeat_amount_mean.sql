/*
id: repeat_amount_mean
zh: 复购日均金额
en: Mean amount of a repeat purchase
group: monetary
type: ratio
unit: currency
description: >-
  Mean amount of completed orders of a day with any, after the first such day. Null with fewer than
  two such days.
*/
SELECT customer_id,
       round(CAST(sum(amount) FILTER (WHERE place > 1) AS DECIMAL(38, 12)) / nullif(count(*) - 1, 0), 9)
           AS repeat_amount_mean
FROM (
    SELECT customer_id,
           days_ago,
           sum(amount) AS amount,
           row_number() OVER (PARTITION BY customer_id ORDER BY days_ago DESC) AS place
    FROM orders
    WHERE is_purchase
    GROUP BY customer_id, days_ago
) AS days
GROUP BY customer_id
