/*
id: city_tier
zh: 城市等级
en: City tier
group: attributes
type: text
description: >-
  tier-1, new-tier-1 or tier-2 to tier-5, the tier that held on the date for the city of the
  customer: as kehu city-tier shows and sets it. Null for cities without one, abroad, and when the
  city is unknown.
*/
SELECT customer_id, max(text) FILTER (WHERE attribute = '.city_tier') AS city_tier
FROM attributes
GROUP BY customer_id
