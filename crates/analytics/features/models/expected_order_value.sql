/*
id: expected_order_value
zh: 预期单次购买金额
en: Expected amount of a purchase
group: models
family: value
type: decimal
unit: "currency"
description: >-
  Amount to expect of a day with purchases, by the model of customer value (gamma-gamma) that is
  used on the date: between the customer's own mean and that of all, the nearer to its own the more
  often it came back. Null without a purchase, and before a model is promoted.
*/
-- Orders of one day are one purchase, as in the papers of the models.
SELECT bought.customer_id,
       CAST(expected_amount(m.p, m.q, m.gamma, CAST(bought.days AS DOUBLE), bought.mean)
            AS DECIMAL(28, 4)) AS expected_order_value
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
