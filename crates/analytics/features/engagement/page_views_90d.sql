/*
id: page_views_90d
zh: 近 90 天页面浏览次数
en: "Page views, last 90 days"
group: engagement
type: integer
unit: "1"
window: 90d
missing: "0"
description: >-
  Interactions of the kind `page_view` in the 90 days that end on the date, in either direction. 0
  without any.
*/
SELECT customer_id,
       count(*) FILTER (WHERE kind = 'page_view' AND days_ago < 90) AS page_views_90d
FROM interactions
GROUP BY customer_id
