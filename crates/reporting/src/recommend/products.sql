-- Of each product of the period: the customers who bought it, those of the class, in how many baskets
-- of the class it is, and whether the customer has ever bought it.
SELECT product, counts.customers, counts.members, counts.baskets,
       CASE WHEN product IN (SELECT product FROM {baskets} WHERE customer_id = {customer})
            THEN 1 ELSE 0 END AS owned
FROM (SELECT product, count(*) AS customers,
             sum(CASE WHEN class_id = '{class}' THEN 1 ELSE 0 END) AS members,
             CAST(sum(CASE WHEN class_id = '{class}' THEN bought.baskets ELSE 0 END) AS bigint)
             AS baskets
      FROM (SELECT customer_id, product, count(*) AS baskets
            FROM {baskets}
            JOIN {periods} ON baskets.ordered_on BETWEEN periods.first_day AND periods.last_day
            GROUP BY customer_id, product) AS bought
      JOIN {classes} ON classes.customer_id = bought.customer_id
      JOIN {class_names} ON class_names.class_no = classes.class_no
      GROUP BY product) AS counts
WHERE counts.baskets >= {together}
