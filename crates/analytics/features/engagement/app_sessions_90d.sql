/*
id: app_sessions_90d
zh: 近 90 天应用会话数
en: "App sessions, last 90 days"
group: engagement
type: integer
unit: "1"
window: 90d
missing: "0"
description: >-
  Interactions of the kind `app_session` in the 90 days that end on the date, in either direction.
  0 without any.
*/
SELECT customer_id,
       count(*) FILTER (WHERE kind = 'app_session' AND days_ago < 90) AS app_sessions_90d
FROM interactions
GROUP BY customer_id
