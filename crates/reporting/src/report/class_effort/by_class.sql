-- What each class brought in the period, and how often its members were served by a person.
SELECT class_id, counts.customers, counts.amount_high, counts.amount_low, counts.contacts
FROM (SELECT class_no,
             count(*) AS customers,
             CAST(coalesce(sum(sold.high), 0) AS bigint) AS amount_high,
             CAST(coalesce(sum(sold.low), 0) AS bigint) AS amount_low,
             CAST(coalesce(sum(served.contacts), 0) AS bigint) AS contacts
      FROM {classes}
      LEFT JOIN (SELECT customer_id, sum(high) AS high, sum(low) AS low
                 FROM {orders}
                 JOIN {periods} ON orders.ordered_on BETWEEN periods.first_day AND periods.last_day
                 GROUP BY customer_id) AS sold ON sold.customer_id = classes.customer_id
      LEFT JOIN (SELECT customer_id, count(*) AS contacts
                 FROM {interactions}
                 JOIN {periods}
                     ON interactions.occurred_on BETWEEN periods.first_day AND periods.last_day
                 WHERE kind IN ('call', 'email', 'visit', 'ticket')
                 GROUP BY customer_id) AS served ON served.customer_id = classes.customer_id
      GROUP BY class_no) AS counts
JOIN {class_names} ON class_names.class_no = counts.class_no
