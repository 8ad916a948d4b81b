-- Customers whose first completed order is in each period.
SELECT period, count(*) AS customers
FROM {periods}
JOIN (SELECT customer_id, min(ordered_on) AS first_order
      FROM {orders}
      WHERE purchase
      GROUP BY customer_id) AS firsts
  ON firsts.first_order BETWEEN periods.first_day AND periods.last_day
GROUP BY period
