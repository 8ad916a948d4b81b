/*
id: city
zh: 城市
en: City
group: attributes
type: text
description: >-
  City. What held on the day at its source; before the first day that is known of, what held
  then. Null when unknown.
*/
SELECT customer_id, city
FROM customers
