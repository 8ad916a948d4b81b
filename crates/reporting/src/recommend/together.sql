-- In how many baskets of the class the wanted products are with those that the customer has bought.
WITH bought AS (
    SELECT order_id, product
    FROM {baskets}
    JOIN {periods} ON baskets.ordered_on BETWEEN periods.first_day AND periods.last_day
    JOIN {classes} ON classes.customer_id = baskets.customer_id
    JOIN {class_names} ON class_names.class_no = classes.class_no
    WHERE class_id = '{class}'
)
SELECT other.product AS product, own.product AS own_product, count(*) AS baskets
FROM bought AS other
JOIN bought AS own ON own.order_id = other.order_id
WHERE other.product {wanted}
  AND own.product IN (SELECT product FROM {baskets} WHERE customer_id = {customer})
GROUP BY other.product, own.product
HAVING count(*) >= {together}
