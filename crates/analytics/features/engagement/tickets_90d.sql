/*
id: tickets_90d
zh: 近 90 天工单数
en: "Tickets, last 90 days"
group: engagement
type: integer
unit: "1"
window: 90d
missing: "0"
description: >-
  Interactions of the kind `ticket` in the 90 days that end on the date, in either direction. 0
  without any.
*/
SELECT customer_id,
       count(*) FILTER (WHERE kind = 'ticket' AND days_ago < 90) AS tickets_90d
FROM interactions
GROUP BY customer_id
