/*
id: on_time_rate_365d
zh: 近一年按时付款率
en: Share of invoices paid in time, last 365 days
group: credit
type: ratio
unit: share
window: 365d
description: >-
  Of the invoices issued in the 365 days that end on the date and paid in full or past due on it,
  the share that was paid in full by its due date. Those late for a reason that is excused on the
  date are left out. Null without others.
*/
SELECT customer_id,
       round(CAST(count(*) FILTER (WHERE days_late <= 0) AS DECIMAL(38, 10)) / count(*), 9)
           AS on_time_rate_365d
FROM invoices
WHERE days_ago < 365 AND (days_past_due > 0 OR paid >= amount)
  AND NOT (days_late > 0 AND excused = 1)
GROUP BY customer_id
