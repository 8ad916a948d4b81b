/*
id: industry_division
zh: 行业大类
en: Industry, division
group: attributes
type: text
description: >-
  The division of the industry in GB/T 4754-2017 with the letter of its section: C26. What held on the
  day at its source; before the first day that is known of, what held then. Null when unknown, or
  known less closely.
*/
SELECT customer_id, industry_division
FROM customers
