-- In how many baskets of the class the wanted products are with those that the customer has bought.
WITH other AS (
    SELECT DISTINCT order_id, product
    FROM {sold_lines}
    JOIN {periods} ON sold_lines.ordered_on BETWEEN periods.first_day AND periods.last_day
    JOIN {classes} ON classes.customer_id = sold_lines.customer_id
    JOIN {class_names} ON class_names.class_no = classes.class_no
    WHERE class_id = '{class}' AND product {wanted}
),
own AS (
    SELECT DISTINCT order_id, product
    FROM {sold_lines}
    WHERE order_id IN (SELECT order_id FROM other)
      AND product IN (SELECT product FROM {baskets} WHERE customer_id = {customer})
)
SELECT other.product AS product, own.product AS own_product, count(*) AS baskets
FROM other
JOIN own ON own.order_id = other.order_id
GROUP BY other.product, own.product
HAVING count(*) >= {together}
