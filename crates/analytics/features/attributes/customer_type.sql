/*
id: customer_type
zh: 客户类型
en: Customer type
group: attributes
type: text
description: >-
  The kind of customer in the enterprise's words. Null when unknown.
*/
SELECT customer_id, customer_type
FROM customers
