/*
id: industry
zh: 行业
en: Industry
group: attributes
type: text
description: >-
  Industry, a GB/T 4754 or ISIC code. What held on the day at its source; before the first day
  that is known of, what held then. Null when unknown.
*/
SELECT customer_id, industry
FROM customers
