-- How many baskets each class has.
SELECT class_id, counts.baskets
FROM (SELECT class_no, count(DISTINCT order_id) AS baskets
      FROM {baskets}
      JOIN {periods} ON baskets.ordered_on BETWEEN periods.first_day AND periods.last_day
      JOIN {classes} ON classes.customer_id = baskets.customer_id
      GROUP BY class_no) AS counts
JOIN {class_names} ON class_names.class_no = counts.class_no
