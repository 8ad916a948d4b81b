/*
id: page_views_365d
zh: 近一年页面浏览次数
en: "Page views, last 365 days"
group: engagement
type: integer
unit: "1"
window: 365d
missing: "0"
description: >-
  Interactions of the kind `page_view` in the 365 days that end on the date, in either direction.
  0 without any.
*/
SELECT customer_id,
       count(*) FILTER (WHERE kind = 'page_view' AND days_ago < 365) AS page_views_365d
FROM interactions
GROUP BY customer_id
