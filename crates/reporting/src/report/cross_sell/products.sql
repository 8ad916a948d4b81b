-- In how many baskets of each class the products are that are in at least {least} of all.
SELECT class_id, product, counts.baskets
FROM (SELECT class_no, product, count(*) AS baskets, sum(count(*)) OVER (PARTITION BY product) AS everywhere
      FROM {baskets}
      JOIN {periods} ON baskets.ordered_on BETWEEN periods.first_day AND periods.last_day
      JOIN {classes} ON classes.customer_id = baskets.customer_id
      GROUP BY class_no, product) AS counts
JOIN {class_names} ON class_names.class_no = counts.class_no
WHERE everywhere >= {least}
