/*
id: discount_share_365d
zh: 近一年折扣占比
en: Share of discounts, last 365 days
group: habits
type: ratio
unit: share
window: 365d
description: >-
  Discounts over amounts before discount, of the lines sold in the 365 days that end on the date
  whose discount is known. Null without such lines.
*/
SELECT customer_id,
       CASE WHEN sum(amount + discount) FILTER (WHERE days_ago < 365) > 0 THEN
           round(CAST(sum(discount) FILTER (WHERE days_ago < 365) AS DECIMAL(38, 10))
                 / sum(amount + discount) FILTER (WHERE days_ago < 365), 9)
       END AS discount_share_365d
FROM lines
GROUP BY customer_id
