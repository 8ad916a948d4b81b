-- What each of these customers bought in the period.
SELECT DISTINCT customer_id, {property} AS bought
FROM {sold_lines}
JOIN {periods} ON sold_lines.ordered_on BETWEEN periods.first_day AND periods.last_day
WHERE {property} IS NOT NULL AND customer_id BETWEEN {first} AND {last}
