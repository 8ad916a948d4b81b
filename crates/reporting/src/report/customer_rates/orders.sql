-- Who bought again, and who came back, in each period, by class. Lost before a period are those whose
-- last completed order was more than 270 days before its eve.
SELECT period, class_id, buyers, repeaters, lost, won_back
FROM (SELECT period,
             class_no,
             count(*) FILTER (WHERE bought > 0) AS buyers,
             count(*) FILTER (WHERE bought > 1) AS repeaters,
             count(*) FILTER (WHERE last_before < first_day - 271) AS lost,
             count(*) FILTER (WHERE last_before < first_day - 271 AND bought > 0) AS won_back
      FROM (SELECT period,
                   first_day,
                   customer_id,
                   count(*) FILTER (WHERE ordered_on >= first_day) AS bought,
                   max(ordered_on) FILTER (WHERE ordered_on < first_day) AS last_before
            FROM {periods}
            JOIN {orders} ON orders.ordered_on <= periods.last_day
            WHERE purchase
            GROUP BY period, first_day, customer_id) AS customers
      LEFT JOIN {earlier_classes} ON earlier_classes.customer_id = customers.customer_id
      GROUP BY period, class_no) AS counts
LEFT JOIN {class_names} ON class_names.class_no = counts.class_no
