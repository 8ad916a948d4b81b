/*
id: province
zh: 省份
en: Province
group: attributes
type: text
description: >-
  Province or state. Null when unknown.
*/
SELECT customer_id, province
FROM customers
