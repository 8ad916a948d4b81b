/*
id: app_sessions_365d
zh: 近一年应用会话数
en: "App sessions, last 365 days"
group: engagement
type: integer
unit: "1"
window: 365d
missing: "0"
description: >-
  Interactions of the kind `app_session` in the 365 days that end on the date, in either
  direction. 0 without any.
*/
SELECT customer_id,
       count(*) FILTER (WHERE kind = 'app_session' AND days_ago < 365) AS app_sessions_365d
FROM interactions
GROUP BY customer_id
