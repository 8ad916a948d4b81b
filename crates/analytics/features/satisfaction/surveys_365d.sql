/*
id: surveys_365d
zh: 近一年调查回答数
en: "Survey answers, last 365 days"
group: satisfaction
type: integer
unit: "1"
window: 365d
missing: "0"
description: >-
  Answers to surveys in the 365 days that end on the date, whatever they measure, comments among
  them. 0 without any.
*/
SELECT customer_id, count(*) FILTER (WHERE days_ago < 365) AS surveys_365d
FROM surveys
GROUP BY customer_id
