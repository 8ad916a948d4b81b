/*
id: country
zh: 国家
en: Country
group: attributes
type: text
description: >-
  Country, ISO 3166-1 alpha-2. What held on the day at its source; before the first day that is
  known of, what held then. Null when unknown.
*/
SELECT customer_id, country
FROM customers
