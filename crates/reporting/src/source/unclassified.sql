-- Customers with an order of any kind that have no class.
SELECT count(*) AS customers
FROM (SELECT DISTINCT customer_id FROM {orders}) AS buyers
WHERE NOT EXISTS (SELECT 1 FROM {classes} WHERE classes.customer_id = buyers.customer_id)
