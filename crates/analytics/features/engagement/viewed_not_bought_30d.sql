/*
id: viewed_not_bought_30d
zh: 近 30 天浏览未购买次数
en: "Views without an order, last 30 days"
group: engagement
type: integer
unit: "1"
window: 30d
missing: "0"
description: >-
  Page views and app sessions in the 30 days that end on the date that name a product, or else a
  category, of which the customer has no completed order in the same days; an order before the
  view counts, too. A view that names neither is left out. 0 without any.
*/
-- The views are the side of the join that streams, so that they stay in the order of the customers.
SELECT customer_id, count(*) AS viewed_not_bought_30d
FROM (
    SELECT customer_id AS buyer_id, product, category
    FROM purchases
    WHERE days_ago < 30
) AS p
RIGHT ANTI JOIN (
    SELECT customer_id, product, category
    FROM interactions
    WHERE kind IN ('page_view', 'app_session')
      AND days_ago < 30
      AND (product IS NOT NULL OR category IS NOT NULL)
) AS v
    ON p.buyer_id = v.customer_id
       AND (p.product = v.product OR v.product IS NULL AND p.category = v.category)
GROUP BY customer_id
