/*
id: city_code
zh: 城市代码
en: City, code
group: attributes
type: text
description: >-
  The city in GB/T 2260, six digits, by whatever name or code it is given; a municipality is a city,
  too. What held on the day at its source; before the first day that is known of, what held then.
  Null when unknown, abroad, or not within the province that is given.
*/
SELECT customer_id, city_code
FROM customers
