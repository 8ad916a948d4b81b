/*
id: invoices_365d
zh: 近一年发票数
en: Invoices, last 365 days
group: credit
type: integer
unit: "1"
window: 365d
missing: "0"
description: >-
  Invoices issued in the 365 days that end on the date, without those cancelled. 0 without any.
*/
SELECT customer_id, count(*) FILTER (WHERE days_ago < 365) AS invoices_365d
FROM invoices
GROUP BY customer_id
