/*
id: top_interaction_kind_365d
zh: 近一年首选互动方式
en: "Most used kind of interactions, last 365 days"
group: engagement
type: text
window: 365d
description: >-
  The kind of most interactions in the 365 days that end on the date, whatever it is called; of
  equals the one used last, then the first by name. Null without interactions.
*/
SELECT customer_id,
       first_value(kind ORDER BY interactions DESC, last_days_ago, kind)
           AS top_interaction_kind_365d
FROM (
    SELECT customer_id, kind, count(*) AS interactions, min(days_ago) AS last_days_ago
    FROM interactions
    WHERE days_ago < 365
    GROUP BY customer_id, kind
) AS counted
GROUP BY customer_id
