/*
id: app_sessions_30d
zh: 近 30 天应用会话数
en: "App sessions, last 30 days"
group: engagement
type: integer
unit: "1"
window: 30d
missing: "0"
description: >-
  Interactions of the kind `app_session` in the 30 days that end on the date, in either direction.
  0 without any.
*/
SELECT customer_id,
       count(*) FILTER (WHERE kind = 'app_session' AND days_ago < 30) AS app_sessions_30d
FROM interactions
GROUP BY customer_id
