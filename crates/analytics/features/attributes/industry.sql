/*
id: industry
zh: 行业
en: Industry
group: attributes
type: text
description: >-
  Industry, a code of GB/T 4754-2017 as closely as it is known. What held on the day at its source; before the first day
  that is known of, what held then. Null when unknown.
*/
SELECT customer_id, industry
FROM customers
