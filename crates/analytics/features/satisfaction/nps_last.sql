/*
id: nps_last
zh: 最近一次推荐意愿 (NPS)
en: Last likelihood to recommend (NPS)
group: satisfaction
type: decimal
unit: "1"
description: >-
  The latest `nps` answer up to the date, from 0 to 10: 9 and 10 are promoters, 0 to 6 detractors.
  Null without one.
*/
SELECT customer_id, max(score) FILTER (WHERE measure = 'nps' AND place = 1) AS nps_last
FROM surveys
GROUP BY customer_id
