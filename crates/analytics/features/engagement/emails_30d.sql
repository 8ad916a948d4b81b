/*
id: emails_30d
zh: 近 30 天邮件数
en: "E-mails, last 30 days"
group: engagement
type: integer
unit: "1"
window: 30d
missing: "0"
description: >-
  Interactions of the kind `email` in the 30 days that end on the date, in either direction. 0
  without any.
*/
SELECT customer_id,
       count(*) FILTER (WHERE kind = 'email' AND days_ago < 30) AS emails_30d
FROM interactions
GROUP BY customer_id
