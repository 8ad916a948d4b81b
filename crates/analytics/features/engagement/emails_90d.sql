/*
id: emails_90d
zh: 近 90 天邮件数
en: "E-mails, last 90 days"
group: engagement
type: integer
unit: "1"
window: 90d
missing: "0"
description: >-
  Interactions of the kind `email` in the 90 days that end on the date, in either direction. 0
  without any.
*/
SELECT customer_id,
       count(*) FILTER (WHERE kind = 'email' AND days_ago < 90) AS emails_90d
FROM interactions
GROUP BY customer_id
