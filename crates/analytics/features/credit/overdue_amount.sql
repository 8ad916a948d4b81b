/*
id: overdue_amount
zh: 逾期未付金额
en: Overdue amount
group: credit
type: decimal
unit: currency
description: >-
  What is still to be paid on the date of the invoices whose due date has passed, in the base
  currency; what was paid in part comes off. 0 when nothing is overdue. Null without invoices.
*/
SELECT customer_id,
       coalesce(sum(amount - paid) FILTER (WHERE days_past_due > 0 AND paid < amount), 0)
           AS overdue_amount
FROM invoices
GROUP BY customer_id
