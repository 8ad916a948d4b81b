/*
id: tickets_30d
zh: 近 30 天工单数
en: "Tickets, last 30 days"
group: engagement
type: integer
unit: "1"
window: 30d
missing: "0"
description: >-
  Interactions of the kind `ticket` in the 30 days that end on the date, in either direction. 0
  without any.
*/
SELECT customer_id,
       count(*) FILTER (WHERE kind = 'ticket' AND days_ago < 30) AS tickets_30d
FROM interactions
GROUP BY customer_id
