/*
id: age
zh: 年龄
en: Age
group: attributes
attribute: birth_date
type: integer
unit: "1"
description: >-
  Whole years since the date of birth, one more from each birthday on; who was born on 29 February
  is a year older on 1 March where the year has no such day. Null when it is unknown.
*/
SELECT customer_id, max(years_ago) FILTER (WHERE attribute = 'birth_date') AS age
FROM attributes
GROUP BY customer_id
