-- In how many baskets the products of the period are, the most frequent first: one more than are
-- looked at, so that the count of the last one is the least that counts.
SELECT count(*) AS baskets
FROM {baskets}
JOIN {periods} ON baskets.ordered_on BETWEEN periods.first_day AND periods.last_day
JOIN {classes} ON classes.customer_id = baskets.customer_id
GROUP BY product
ORDER BY baskets DESC
LIMIT 201
