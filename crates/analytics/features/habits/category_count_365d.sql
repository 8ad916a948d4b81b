/*
id: category_count_365d
zh: 近一年品类数
en: Categories, last 365 days
group: habits
type: integer
unit: "1"
window: 365d
missing: "0"
description: >-
  Different product categories bought in the 365 days that end on the date. 0 without any.
*/
SELECT customer_id,
       count(DISTINCT category) FILTER (WHERE days_ago < 365) AS category_count_365d
FROM lines
GROUP BY customer_id
