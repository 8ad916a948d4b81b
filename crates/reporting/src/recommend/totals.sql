-- How many customers bought anything in the period, how many of the class, and its baskets.
SELECT count(*) AS customers,
       coalesce(sum(CASE WHEN class_id = '{class}' THEN 1 ELSE 0 END), 0) AS members,
       CAST(coalesce(sum(CASE WHEN class_id = '{class}' THEN bought.baskets ELSE 0 END), 0) AS bigint)
       AS baskets
FROM (SELECT customer_id, count(DISTINCT order_id) AS baskets
      FROM {baskets}
      JOIN {periods} ON baskets.ordered_on BETWEEN periods.first_day AND periods.last_day
      GROUP BY customer_id) AS bought
JOIN {classes} ON classes.customer_id = bought.customer_id
JOIN {class_names} ON class_names.class_no = classes.class_no
