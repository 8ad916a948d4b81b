-- Customers by their classes under both taxonomies, with their amount; who has no class under one of
-- them is left out.
SELECT own.class_id AS class_id,
       foreign_one.class_id AS other_id,
       cells.customers,
       cells.amount_high,
       cells.amount_low
FROM (SELECT own_no,
             other_no,
             count(*) AS customers,
             CAST(coalesce(sum(amount_high), 0) AS bigint) AS amount_high,
             CAST(coalesce(sum(amount_low), 0) AS bigint) AS amount_low
      FROM (SELECT ours.customer_id, ours.class_no AS own_no, theirs.class_no AS other_no
            FROM (SELECT customer_id, class_no FROM {classes}) AS ours
            JOIN (SELECT customer_id, class_no FROM {other_classes}) AS theirs
                 ON theirs.customer_id = ours.customer_id) AS pairs
      LEFT JOIN (SELECT customer_id, sum(high) AS amount_high, sum(low) AS amount_low
                 FROM {orders}
                 GROUP BY customer_id) AS ordered ON ordered.customer_id = pairs.customer_id
      GROUP BY own_no, other_no) AS cells
JOIN (SELECT class_no, class_id FROM {class_names}) AS own ON own.class_no = cells.own_no
JOIN (SELECT class_no, class_id FROM {class_names}) AS foreign_one
     ON foreign_one.class_no = cells.other_no
