/*
id: interactions_730d
zh: 近两年互动次数
en: "Interactions, last 730 days"
group: engagement
type: integer
unit: "1"
window: 730d
missing: "0"
description: >-
  Interactions of every kind in the 730 days that end on the date, in either direction. 0 without
  any.
*/
SELECT customer_id, count(*) FILTER (WHERE days_ago < 730) AS interactions_730d
FROM interactions
GROUP BY customer_id
