-- How often the lines of these products have which description.
SELECT product, description, count(*) AS lines
FROM {sold_lines}
JOIN {periods} ON sold_lines.ordered_on BETWEEN periods.first_day AND periods.last_day
WHERE description IS NOT NULL AND product {wanted}
GROUP BY product, description
