-- Invoices due, by the class of who owes them, and those that are late by the reason that is said.
SELECT class_id, late, said, excuse,
       count(*) AS invoices,
       count(DISTINCT customer_id) AS customers,
       CAST(sum(days) AS bigint) AS days,
       max(days) AS longest
FROM (SELECT due_invoices.customer_id,
             class_no,
             CASE WHEN days_late > 0 THEN 1 ELSE 0 END AS late,
             CASE WHEN days_late > 0 THEN late_reason END AS said,
             CASE WHEN days_late > 0 THEN excused ELSE 0 END AS excuse,
             CASE WHEN days_late > 0 THEN days_late ELSE 0 END AS days
      FROM {due_invoices}
      LEFT JOIN {classes} ON classes.customer_id = due_invoices.customer_id) AS due
LEFT JOIN {class_names} ON class_names.class_no = due.class_no
GROUP BY class_id, late, said, excuse
