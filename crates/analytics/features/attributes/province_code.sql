/*
id: province_code
zh: 省份代码
en: Province, code
group: attributes
type: text
description: >-
  The province in GB/T 2260, six digits, by whatever name or code it is given, or by the city; abroad
  the code of ISO 3166-2 where it is given. What held on the day at its source; before the first
  day that is known of, what held then. Null when unknown.
*/
SELECT customer_id, province_code
FROM customers
