/*
id: interactions_90d
zh: 近 90 天互动次数
en: "Interactions, last 90 days"
group: engagement
type: integer
unit: "1"
window: 90d
missing: "0"
description: >-
  Interactions of every kind in the 90 days that end on the date, in either direction. 0 without
  any.
*/
SELECT customer_id, count(*) FILTER (WHERE days_ago < 90) AS interactions_90d
FROM interactions
GROUP BY customer_id
