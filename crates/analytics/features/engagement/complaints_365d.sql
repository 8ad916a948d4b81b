/*
id: complaints_365d
zh: 近一年投诉次数
en: "Complaints, last 365 days"
group: engagement
type: integer
unit: "1"
window: 365d
missing: "0"
description: >-
  Interactions in which the customer complained, in the 365 days that end on the date. 0 without
  any.
*/
SELECT customer_id,
       count(*) FILTER (WHERE complaint = 1 AND days_ago < 365) AS complaints_365d
FROM interactions
GROUP BY customer_id
