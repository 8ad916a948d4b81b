/*
id: province
zh: 省份
en: Province
group: attributes
type: text
description: >-
  Province or state. What held on the day at its source; before the first day that is known of,
  what held then. Null when unknown.
*/
SELECT customer_id, province
FROM customers
