-- In how many baskets of each class two of these products are together.
WITH bought AS (
    SELECT class_no, order_id, product
    FROM {baskets}
    JOIN {periods} ON baskets.ordered_on BETWEEN periods.first_day AND periods.last_day
    JOIN {classes} ON classes.customer_id = baskets.customer_id
),
frequent AS (
    SELECT class_no, order_id, product
    FROM bought
    WHERE product IN (SELECT product FROM bought GROUP BY product HAVING count(*) >= {least})
)
SELECT class_id, product, other_product, counts.baskets
FROM (SELECT one.class_no, one.product, two.product AS other_product, count(*) AS baskets
      FROM frequent AS one
      JOIN frequent AS two ON two.order_id = one.order_id AND two.product <> one.product
      GROUP BY one.class_no, one.product, two.product
      HAVING count(*) >= {together}) AS counts
JOIN {class_names} ON class_names.class_no = counts.class_no
