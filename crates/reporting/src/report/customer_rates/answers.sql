-- Answers to surveys in each period, by the class of who gave them.
SELECT period,
       class_id,
       count(*) FILTER (WHERE measure = 'csat') AS csat_count,
       CAST(coalesce(sum(points) FILTER (WHERE measure = 'csat'), 0) AS bigint) AS csat_points,
       count(*) FILTER (WHERE measure = 'nps') AS nps_count,
       count(*) FILTER (WHERE measure = 'nps' AND score >= 90000) AS promoters,
       count(*) FILTER (WHERE measure = 'nps' AND score <= 60000) AS detractors
FROM {periods}
JOIN {answers} ON answers.answered_on BETWEEN periods.first_day AND periods.last_day
LEFT JOIN {earlier_classes} ON earlier_classes.customer_id = answers.customer_id
LEFT JOIN {class_names} ON class_names.class_no = earlier_classes.class_no
GROUP BY period, class_id
