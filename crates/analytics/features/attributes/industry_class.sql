/*
id: industry_class
zh: 行业小类
en: Industry, class
group: attributes
type: text
description: >-
  The class of the industry in GB/T 4754-2017 with the letter of its section: C2611. What held on the
  day at its source; before the first day that is known of, what held then. Null when unknown, or
  known less closely.
*/
SELECT customer_id, industry_class
FROM customers
