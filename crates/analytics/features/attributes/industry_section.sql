/*
id: industry_section
zh: 行业门类
en: Industry, section
group: attributes
type: text
description: >-
  The section of the industry, a letter of GB/T 4754-2017: C for manufacturing. What held on the day
  at its source; before the first day that is known of, what held then. Null when unknown.
*/
SELECT customer_id, industry_section
FROM customers
