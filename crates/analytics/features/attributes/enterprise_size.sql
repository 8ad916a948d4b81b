/*
id: enterprise_size
zh: 企业规模
en: Enterprise size
group: attributes
type: text
description: >-
  large, medium, small or micro by the measures of the National Bureau of Statistics of 2017, from the
  industry, the employees, the annual revenue and the total assets, which are amounts in yuan.
  Null where the measures do not cover the industry, or a figure is missing that they take.
*/
SELECT customer_id, max(text) FILTER (WHERE attribute = '.enterprise_size') AS enterprise_size
FROM attributes
GROUP BY customer_id
