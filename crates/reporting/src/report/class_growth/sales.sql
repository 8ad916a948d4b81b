-- Sales of each period, by class.
SELECT period, class_id, customers, orders, amount_high, amount_low
FROM (SELECT period,
             class_no,
             count(DISTINCT CASE WHEN purchase THEN orders.customer_id END) AS customers,
             count(*) FILTER (WHERE purchase) AS orders,
             CAST(sum(high) AS bigint) AS amount_high,
             CAST(sum(low) AS bigint) AS amount_low
      FROM {periods}
      JOIN {orders} ON orders.ordered_on BETWEEN periods.first_day AND periods.last_day
      LEFT JOIN {earlier_classes} ON earlier_classes.customer_id = orders.customer_id
      GROUP BY period, class_no) AS sales
LEFT JOIN {class_names} ON class_names.class_no = sales.class_no
