/*
id: interactions_365d
zh: 近一年互动次数
en: "Interactions, last 365 days"
group: engagement
type: integer
unit: "1"
window: 365d
missing: "0"
description: >-
  Interactions of every kind in the 365 days that end on the date, in either direction. 0 without
  any.
*/
SELECT customer_id, count(*) FILTER (WHERE days_ago < 365) AS interactions_365d
FROM interactions
GROUP BY customer_id
