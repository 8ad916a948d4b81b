/*
id: top_late_reason_share_365d
zh: 近一年主要逾期原因占比
en: Share of the most frequent reason of late payment, last 365 days
group: credit
type: ratio
unit: share
window: 365d
description: >-
  Of the invoices issued in the 365 days that end on the date and late on it, those excused on the
  date left out, the share of the reason that is said of most of them. Null where no reason is said.
*/
SELECT customer_id,
       CASE WHEN max(said) > 0
            THEN round(CAST(max(said) AS DECIMAL(38, 10)) / sum(invoices), 9)
       END AS top_late_reason_share_365d
FROM (
    SELECT customer_id, count(*) AS invoices, count(late_reason) AS said
    FROM invoices
    WHERE days_ago < 365 AND days_late > 0 AND excused = 0
    GROUP BY customer_id, late_reason
) AS counted
GROUP BY customer_id
