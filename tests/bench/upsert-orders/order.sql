\set number random(1, 1000)
\set id :client_id * 1000 + :number
BEGIN;
INSERT INTO sales_order (order_id, customer_id, source_id, external_id, kind, status, ordered_at,
    ordered_on, ordered_hour, currency, amount, base_amount, line_count, digest, recorded_at)
VALUES (:id, :client_id * 100 + :number / 10, 1, 'order-' || :id, 1, 1, 0, 0, 0, 'CNY', 1, 1, 1,
    random()::text, 0)
ON CONFLICT (order_id) DO UPDATE SET digest = excluded.digest, amount = excluded.amount;
INSERT INTO order_line (order_id, line_number, product, quantity, unit_price, amount, base_amount)
VALUES (:id, 1, 'P1', 10000, 1, 1, 1)
ON CONFLICT (order_id, line_number) DO UPDATE SET amount = excluded.amount;
INSERT INTO change_log (position, topic, customers, first_day, last_day, recorded_at)
VALUES ('0001.' || lpad(to_hex(pg_current_xact_id()::text::bigint), 12, '0') || '.0000', 1,
    :id::text, 0, 0, 0);
COMMIT;
