/*
id: industry_group
zh: 行业中类
en: Industry, group
group: attributes
type: text
description: >-
  The group of the industry in GB/T 4754-2017 with the letter of its section: C261. What held on the
  day at its source; before the first day that is known of, what held then. Null when unknown, or
  known less closely.
*/
SELECT customer_id, industry_group
FROM customers
