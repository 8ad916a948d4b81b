/*
id: weekend_share
zh: 周末订单占比
en: Share of weekend orders
group: habits
type: ratio
unit: share
description: >-
  Share of the completed orders that were placed on a Saturday or Sunday. Null without orders.
*/
SELECT customer_id,
       round(CAST(count(*) FILTER (WHERE is_purchase AND weekday >= 6) AS DECIMAL(38, 10))
             / nullif(count(*) FILTER (WHERE is_purchase), 0), 9) AS weekend_share
FROM orders
GROUP BY customer_id
