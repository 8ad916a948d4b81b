/*
id: days_since_interaction
zh: 距上次互动天数
en: Days since the last interaction
group: engagement
type: integer
unit: d
description: >-
  Days from the last interaction of any kind, in either direction, to the date; 0 on the day
  itself. An order is no interaction. Null without one.
*/
SELECT customer_id, min(days_ago) AS days_since_interaction
FROM interactions
GROUP BY customer_id
