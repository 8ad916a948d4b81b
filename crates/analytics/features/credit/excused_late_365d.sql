/*
id: excused_late_365d
zh: 近一年可谅解的逾期发票数
en: Late invoices that are excused, last 365 days
group: credit
type: integer
unit: "1"
window: 365d
missing: "0"
description: >-
  Invoices issued in the 365 days that end on the date and late on it, for a reason that is excused
  on the date; they are left out of the shares and days of late payment. 0 without any.
*/
SELECT customer_id,
       count(*) FILTER (WHERE days_ago < 365 AND days_late > 0 AND excused = 1)
           AS excused_late_365d
FROM invoices
GROUP BY customer_id
