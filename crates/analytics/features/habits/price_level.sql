/*
id: price_level
zh: 价格水平
en: Price level
group: habits
type: ratio
unit: share
description: >-
  Mean percentile of the unit prices paid, each among all lines that all customers bought in its
  category and currency before the month of the date: the share that was cheaper and half of the
  share that cost the same. 0 is cheap, 1 is dear; a price of a category that nobody had bought is
  in the middle. What others buy counts from the next month on, and as it was known when the last
  run of the month started. Null when no line names a category.
*/
-- The percentile of a price is the mid-rank one (Parzen's mid-distribution function): the share of
-- the lines of its category and currency that are cheaper, and half of those that cost the same.
-- Equal prices get equal places, and the mean over all lines is one half. A price that was not
-- paid before the month has its place among the others, and no weight: it moves nobody's.
SELECT l.customer_id,
       round(CAST(sum(r.percentile) AS DECIMAL(38, 12)) / count(*), 9) AS price_level
FROM (
    SELECT category,
           currency,
           unit_price,
           coalesce(
               round(CAST(2 * sum(lines) OVER up_to - lines AS DECIMAL(38, 13))
                     / nullif(2 * sum(lines) OVER within, 0), 12),
               CAST('0.5' AS DECIMAL(38, 12))) AS percentile
    FROM prices
    WINDOW within AS (PARTITION BY category, currency),
           up_to AS (PARTITION BY category, currency ORDER BY unit_price)
) AS r
JOIN lines AS l
    ON l.category = r.category AND l.currency = r.currency AND l.unit_price = r.unit_price
GROUP BY l.customer_id
