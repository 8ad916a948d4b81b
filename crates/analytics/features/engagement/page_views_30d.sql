/*
id: page_views_30d
zh: 近 30 天页面浏览次数
en: "Page views, last 30 days"
group: engagement
type: integer
unit: "1"
window: 30d
missing: "0"
description: >-
  Interactions of the kind `page_view` in the 30 days that end on the date, in either direction. 0
  without any.
*/
SELECT customer_id,
       count(*) FILTER (WHERE kind = 'page_view' AND days_ago < 30) AS page_views_30d
FROM interactions
GROUP BY customer_id
