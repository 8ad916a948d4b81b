/*
id: interactions_30d
zh: 近 30 天互动次数
en: "Interactions, last 30 days"
group: engagement
type: integer
unit: "1"
window: 30d
missing: "0"
description: >-
  Interactions of every kind in the 30 days that end on the date, in either direction. 0 without
  any.
*/
SELECT customer_id, count(*) FILTER (WHERE days_ago < 30) AS interactions_30d
FROM interactions
GROUP BY customer_id
