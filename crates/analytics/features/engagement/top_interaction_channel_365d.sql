/*
id: top_interaction_channel_365d
zh: 近一年首选互动渠道
en: "Most used channel of interactions, last 365 days"
group: engagement
type: text
window: 365d
description: >-
  The channel of most interactions in the 365 days that end on the date, whatever it is called; of
  equals the one used last, then the first by name. Null when none names one.
*/
SELECT customer_id,
       first_value(channel ORDER BY interactions DESC, last_days_ago, channel)
           AS top_interaction_channel_365d
FROM (
    SELECT customer_id, channel, count(*) AS interactions, min(days_ago) AS last_days_ago
    FROM interactions
    WHERE days_ago < 365 AND channel IS NOT NULL
    GROUP BY customer_id, channel
) AS counted
GROUP BY customer_id
