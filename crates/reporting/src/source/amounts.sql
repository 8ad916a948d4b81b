-- What each customer with an order of any kind brings.
SELECT customer_id,
       CAST(sum(high) AS bigint) AS amount_high,
       CAST(sum(low) AS bigint) AS amount_low
FROM {orders}
GROUP BY customer_id
ORDER BY customer_id
