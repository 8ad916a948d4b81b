/*
id: comments_365d
zh: 近一年意见条数
en: "Comments, last 365 days"
group: satisfaction
type: integer
unit: "1"
window: 365d
missing: "0"
description: >-
  Answers to surveys in the 365 days that end on the date that say something in words, with a
  score or without. 0 without any.
*/
SELECT customer_id,
       count(*) FILTER (WHERE commented = 1 AND days_ago < 365) AS comments_365d
FROM surveys
GROUP BY customer_id
