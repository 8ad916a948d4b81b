/*
id: visits_365d
zh: 近一年拜访次数
en: "Visits, last 365 days"
group: engagement
type: integer
unit: "1"
window: 365d
missing: "0"
description: >-
  Interactions of the kind `visit` in the 365 days that end on the date, in either direction. 0
  without any.
*/
SELECT customer_id,
       count(*) FILTER (WHERE kind = 'visit' AND days_ago < 365) AS visits_365d
FROM interactions
GROUP BY customer_id
