/*
id: calls_30d
zh: 近 30 天通话次数
en: "Calls, last 30 days"
group: engagement
type: integer
unit: "1"
window: 30d
missing: "0"
description: >-
  Interactions of the kind `call` in the 30 days that end on the date, in either direction. 0
  without any.
*/
SELECT customer_id,
       count(*) FILTER (WHERE kind = 'call' AND days_ago < 30) AS calls_30d
FROM interactions
GROUP BY customer_id
