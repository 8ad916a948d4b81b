-- The first three customers of each class.
SELECT class_id, customer_id
FROM (SELECT class_no,
             customer_id,
             row_number() OVER (PARTITION BY class_no ORDER BY customer_id) AS place
      FROM {classes}) AS ranked
JOIN {class_names} ON class_names.class_no = ranked.class_no
WHERE place <= 3
ORDER BY class_id, customer_id
