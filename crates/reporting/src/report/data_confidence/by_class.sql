-- What each class rests on: the values that predicates asked for, and those that were there.
SELECT class_id, counts.customers, counts.inputs, counts.present, counts.whole
FROM (SELECT class_no,
             count(*) AS customers,
             CAST(sum(inputs) AS bigint) AS inputs,
             CAST(sum(present) AS bigint) AS present,
             CAST(sum(CASE WHEN inputs > 0 AND present = inputs THEN 1 ELSE 0 END) AS bigint) AS whole
      FROM {class_inputs}
      GROUP BY class_no) AS counts
JOIN {class_names} ON class_names.class_no = counts.class_no
