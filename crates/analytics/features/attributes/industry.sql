/*
id: industry
zh: 行业
en: Industry
group: attributes
type: text
description: >-
  Industry, a GB/T 4754 or ISIC code. Null when unknown.
*/
SELECT customer_id, industry
FROM customers
