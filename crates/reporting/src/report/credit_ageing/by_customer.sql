-- What each customer still has to pay, by days past due.
SELECT invoices.customer_id,
       class_id,
       count(*) AS invoices,
       CAST(coalesce(sum(high) FILTER (WHERE past_due <= 0), 0) AS bigint) AS not_due_high,
       CAST(coalesce(sum(low) FILTER (WHERE past_due <= 0), 0) AS bigint) AS not_due_low,
       CAST(coalesce(sum(high) FILTER (WHERE past_due BETWEEN 1 AND 30), 0) AS bigint) AS days_30_high,
       CAST(coalesce(sum(low) FILTER (WHERE past_due BETWEEN 1 AND 30), 0) AS bigint) AS days_30_low,
       CAST(coalesce(sum(high) FILTER (WHERE past_due BETWEEN 31 AND 60), 0) AS bigint) AS days_60_high,
       CAST(coalesce(sum(low) FILTER (WHERE past_due BETWEEN 31 AND 60), 0) AS bigint) AS days_60_low,
       CAST(coalesce(sum(high) FILTER (WHERE past_due BETWEEN 61 AND 90), 0) AS bigint) AS days_90_high,
       CAST(coalesce(sum(low) FILTER (WHERE past_due BETWEEN 61 AND 90), 0) AS bigint) AS days_90_low,
       CAST(coalesce(sum(high) FILTER (WHERE past_due > 90), 0) AS bigint) AS later_high,
       CAST(coalesce(sum(low) FILTER (WHERE past_due > 90), 0) AS bigint) AS later_low
FROM {invoices}
LEFT JOIN {classes} ON classes.customer_id = invoices.customer_id
LEFT JOIN {class_names} ON class_names.class_no = classes.class_no
GROUP BY invoices.customer_id, class_id
ORDER BY invoices.customer_id
