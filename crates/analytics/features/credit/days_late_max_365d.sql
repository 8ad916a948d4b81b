/*
id: days_late_max_365d
zh: 近一年最长逾期天数
en: Most days late, last 365 days
group: credit
type: integer
unit: d
window: 365d
description: >-
  Most days from the due date to the payment in full, or to the date where it is not paid in full,
  of the invoices issued in the 365 days that end on the date and paid in full or past due on it; 0
  when all were paid in time. Those late for a reason that is excused on the date are left out. Null
  without others.
*/
SELECT customer_id,
       max(CASE WHEN days_late > 0 THEN days_late ELSE 0 END) AS days_late_max_365d
FROM invoices
WHERE days_ago < 365 AND (days_past_due > 0 OR paid >= amount)
  AND NOT (days_late > 0 AND excused = 1)
GROUP BY customer_id
