SELECT c.customer_id,
       categories.top_category,
       categories.top_category_share,
       brands.top_brand,
       coalesce(recent.category_count_365d, 0) AS category_count_365d,
       CASE WHEN discounts.before_discount > 0 THEN
           round(CAST(discounts.discount AS DECIMAL(38, 10)) / discounts.before_discount, 9)
       END AS discount_share_365d
FROM customers AS c
LEFT JOIN (
    SELECT customer_id,
           first_value(category ORDER BY amount DESC, category) AS top_category,
           round(CAST(max(amount) AS DECIMAL(38, 10)) / sum(amount), 9) AS top_category_share
    FROM (
        SELECT customer_id, category, sum(amount) AS amount
        FROM lines
        WHERE category IS NOT NULL
        GROUP BY customer_id, category
        HAVING sum(amount) > 0
    ) AS summed
    GROUP BY customer_id
) AS categories ON categories.customer_id = c.customer_id
LEFT JOIN (
    SELECT customer_id,
           first_value(brand ORDER BY amount DESC, brand) AS top_brand
    FROM (
        SELECT customer_id, brand, sum(amount) AS amount
        FROM lines
        WHERE brand IS NOT NULL
        GROUP BY customer_id, brand
        HAVING sum(amount) > 0
    ) AS summed
    GROUP BY customer_id
) AS brands ON brands.customer_id = c.customer_id
LEFT JOIN (
    SELECT customer_id,
           count(DISTINCT category) AS category_count_365d
    FROM lines
    WHERE days_ago < 365
    GROUP BY customer_id
) AS recent ON recent.customer_id = c.customer_id
LEFT JOIN (
    SELECT customer_id,
           sum(discount) AS discount,
           sum(amount + discount) AS before_discount
    FROM lines
    WHERE days_ago < 365 AND discount IS NOT NULL
    GROUP BY customer_id
) AS discounts ON discounts.customer_id = c.customer_id
