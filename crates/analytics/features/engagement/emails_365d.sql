/*
id: emails_365d
zh: 近一年邮件数
en: "E-mails, last 365 days"
group: engagement
type: integer
unit: "1"
window: 365d
missing: "0"
description: >-
  Interactions of the kind `email` in the 365 days that end on the date, in either direction. 0
  without any.
*/
SELECT customer_id,
       count(*) FILTER (WHERE kind = 'email' AND days_ago < 365) AS emails_365d
FROM interactions
GROUP BY customer_id
