/*
id: tickets_365d
zh: 近一年工单数
en: "Tickets, last 365 days"
group: engagement
type: integer
unit: "1"
window: 365d
missing: "0"
description: >-
  Interactions of the kind `ticket` in the 365 days that end on the date, in either direction. 0
  without any.
*/
SELECT customer_id,
       count(*) FILTER (WHERE kind = 'ticket' AND days_ago < 365) AS tickets_365d
FROM interactions
GROUP BY customer_id
