/*
id: interactions_180d
zh: 近 180 天互动次数
en: "Interactions, last 180 days"
group: engagement
type: integer
unit: "1"
window: 180d
missing: "0"
description: >-
  Interactions of every kind in the 180 days that end on the date, in either direction. 0 without
  any.
*/
SELECT customer_id, count(*) FILTER (WHERE days_ago < 180) AS interactions_180d
FROM interactions
GROUP BY customer_id
