/*
id: city
zh: 城市
en: City
group: attributes
type: text
description: >-
  City. Null when unknown.
*/
SELECT customer_id, city
FROM customers
