/*
id: clv_365d
zh: 未来一年客户终身价值
en: Customer lifetime value, next 365 days
group: models
family: value
type: decimal
unit: "currency"
description: >-
  Margin to expect of the 365 days after the date, discounted to it: the expected purchases of each
  twelfth of them, times the expected amount and the margin of the model, at its yearly rate, by the
  model of customer value that is used on the date. Null without a purchase, before a model is
  promoted, and when the model has no margin.
*/
-- Orders of one day are one purchase, as in the papers of the models.
SELECT bought.customer_id,
       CAST(value_of_year(m.r, m.alpha, m.a, m.b, m.p, m.q, m.gamma, m.margin, m.discount_rate,
                          CAST(bought.days AS DOUBLE), CAST(bought.last AS DOUBLE), CAST(bought.age AS DOUBLE),
                          bought.mean)
            AS DECIMAL(28, 4)) AS clv_365d
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
