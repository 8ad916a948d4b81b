/*
id: country
zh: 国家
en: Country
group: attributes
type: text
description: >-
  Country, ISO 3166-1 alpha-2. Null when unknown.
*/
SELECT customer_id, country
FROM customers
