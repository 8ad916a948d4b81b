SELECT customer_id,
       customer_type,
       country,
       province,
       city,
       industry
FROM customers
