/*
id: customer_type
zh: 客户类型
en: Customer type
group: attributes
type: text
description: >-
  The kind of customer in the enterprise's words. What held on the day at its source; before
  the first day that is known of, what held then. Null when unknown.
*/
SELECT customer_id, customer_type
FROM customers
