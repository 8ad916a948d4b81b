-- Customers by the class they were in and the one they are in, with what they ordered. A customer
-- that had a class and has none is there without the second, as one that is new without the first.
SELECT was.class_id AS from_class,
       comes.class_id AS to_class,
       cells.customers,
       cells.orders,
       cells.amount_high,
       cells.amount_low,
       cells.ordered_high,
       cells.ordered_low
FROM (SELECT from_no,
             to_no,
             count(*) AS customers,
             CAST(coalesce(sum(orders), 0) AS bigint) AS orders,
             CAST(coalesce(sum(amount_high), 0) AS bigint) AS amount_high,
             CAST(coalesce(sum(amount_low), 0) AS bigint) AS amount_low,
             CAST(coalesce(sum(ordered_high), 0) AS bigint) AS ordered_high,
             CAST(coalesce(sum(ordered_low), 0) AS bigint) AS ordered_low
      FROM (SELECT customer_id, max(from_no) AS from_no, max(to_no) AS to_no
            FROM (SELECT customer_id, class_no AS to_no, CAST(NULL AS integer) AS from_no
                  FROM {classes}
                  UNION ALL
                  SELECT customer_id, CAST(NULL AS integer), class_no
                  FROM {earlier_classes}) AS ends
            GROUP BY customer_id) AS pairs
      LEFT JOIN (SELECT customer_id,
                        count(*) FILTER (WHERE purchase) AS orders,
                        sum(high) AS amount_high,
                        sum(low) AS amount_low,
                        sum(high) FILTER (WHERE purchase) AS ordered_high,
                        sum(low) FILTER (WHERE purchase) AS ordered_low
                 FROM {orders}
                 GROUP BY customer_id) AS ordered ON ordered.customer_id = pairs.customer_id
      GROUP BY from_no, to_no) AS cells
LEFT JOIN (SELECT class_no, class_id FROM {class_names}) AS was ON was.class_no = cells.from_no
LEFT JOIN (SELECT class_no, class_id FROM {class_names}) AS comes ON comes.class_no = cells.to_no
