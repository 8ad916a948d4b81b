\set number random(1, 1000)
\set id :client_id * 1000 + :number
BEGIN;
INSERT INTO customer (customer_id, display_name, city, attributes, version, created_at, updated_at)
VALUES (:id, 'name ' || random(), 'Shanghai', '{}', 1, 0, 0)
ON CONFLICT (customer_id) DO UPDATE
SET display_name = excluded.display_name, version = customer.version + 1;
INSERT INTO customer_reference (source_id, external_id, customer_id)
VALUES (1, 'customer-' || :id, :id) ON CONFLICT DO NOTHING;
INSERT INTO change_log (position, topic, customers, first_day, last_day, recorded_at)
VALUES ('0001.' || lpad(to_hex(pg_current_xact_id()::text::bigint), 12, '0') || '.0000', 1,
    :id::text, 0, 0, 0);
COMMIT;
