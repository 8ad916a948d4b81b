/*
id: top_late_reason_365d
zh: 近一年主要逾期原因
en: Most frequent reason of late payment, last 365 days
group: credit
type: text
window: 365d
description: >-
  The reason that is said of most invoices issued in the 365 days that end on the date and late on
  it, in the words of their source, those excused on the date left out; of equals the one with the
  longer delay, then the first by name. Null where no reason is said.
*/
SELECT customer_id,
       first_value(late_reason ORDER BY invoices DESC, days DESC, late_reason)
           AS top_late_reason_365d
FROM (
    SELECT customer_id, late_reason, count(*) AS invoices, max(days_late) AS days
    FROM invoices
    WHERE days_ago < 365 AND days_late > 0 AND excused = 0 AND late_reason IS NOT NULL
    GROUP BY customer_id, late_reason
) AS counted
GROUP BY customer_id
