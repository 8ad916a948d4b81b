-- Sums over the orders of each period.
SELECT period,
       count(*) FILTER (WHERE purchase) AS orders,
       count(DISTINCT CASE WHEN purchase THEN customer_id END) AS customers,
       CAST(coalesce(sum(high) FILTER (WHERE purchase), 0) AS bigint) AS ordered_high,
       CAST(coalesce(sum(low) FILTER (WHERE purchase), 0) AS bigint) AS ordered_low,
       CAST(coalesce(sum(high) FILTER (WHERE NOT returned), 0) AS bigint) AS sales_high,
       CAST(coalesce(sum(low) FILTER (WHERE NOT returned), 0) AS bigint) AS sales_low,
       CAST(coalesce(sum(high) FILTER (WHERE returned), 0) AS bigint) AS returns_high,
       CAST(coalesce(sum(low) FILTER (WHERE returned), 0) AS bigint) AS returns_low
FROM {periods}
JOIN {orders} ON orders.ordered_on BETWEEN periods.first_day AND periods.last_day
GROUP BY period
