/*
id: p_alive
zh: 仍为客户的概率
en: Probability of being a customer
group: models
type: ratio
unit: "share"
description: >-
  Probability that a customer has not left for good, by the model of customer value (BG/NBD) that is
  used on the date; 1 of one that has bought on a single day, as the model has it. Null without a
  purchase, and before a model is promoted.
*/
-- Orders of one day are one purchase, as in the papers of the models.
SELECT bought.customer_id,
       CAST(p_alive(m.r, m.alpha, m.a, m.b,
                    CAST(bought.days AS DOUBLE), CAST(bought.last AS DOUBLE), CAST(bought.age AS DOUBLE))
            AS DECIMAL(28, 9)) AS p_alive
FROM value_model AS m
JOIN (
    SELECT customer_id,
           count(*) AS days,
           max(days_ago) - min(days_ago) AS last,
           max(days_ago) AS age,
           coalesce(CAST(sum(amount) FILTER (WHERE place > 1) AS DOUBLE) / nullif(count(*) - 1, 0), 0)
               AS mean
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
) AS bought
    ON bought.customer_id = m.customer_id
