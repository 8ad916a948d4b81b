-- Answers to surveys, by survey, product and the class of who gave them.
SELECT survey,
       product,
       class_id,
       count(DISTINCT answers.customer_id) AS customers,
       count(*) AS answers,
       count(*) FILTER (WHERE measure = 'csat') AS csat_count,
       CAST(coalesce(sum(points) FILTER (WHERE measure = 'csat'), 0) AS bigint) AS csat_points,
       count(*) FILTER (WHERE measure = 'nps') AS nps_count,
       count(*) FILTER (WHERE measure = 'nps' AND score >= 90000) AS promoters,
       count(*) FILTER (WHERE measure = 'nps' AND score <= 60000) AS detractors,
       count(*) FILTER (WHERE measure = 'ces') AS ces_count,
       CAST(coalesce(sum(points) FILTER (WHERE measure = 'ces'), 0) AS bigint) AS ces_points,
       CAST(coalesce(sum(commented), 0) AS bigint) AS comments
FROM {periods}
JOIN {answers} ON answers.answered_on BETWEEN periods.first_day AND periods.last_day
LEFT JOIN {classes} ON classes.customer_id = answers.customer_id
LEFT JOIN {class_names} ON class_names.class_no = classes.class_no
GROUP BY survey, product, class_id
