/*
id: prospect_score
zh: 发展前景评分
en: Assessed prospects
group: prospects
type: decimal
unit: "1"
description: >-
  The latest assessment of a person that counts on the date, from 0, nothing to expect, to 100; one
  that has expired counts no more. Null without one.
*/
SELECT customer_id, max(score) FILTER (WHERE place = 1) AS prospect_score
FROM assessments
GROUP BY customer_id
