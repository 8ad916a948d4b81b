//! How many records came in, and what became of them.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use kehu_contract::ingestion::{Record, record::Kind};
use kehu_server::telemetry::metrics::INGESTION_RECORDS;
use kehu_storage::ingestion::{Counts, Tally};
use opentelemetry::KeyValue;
use opentelemetry::metrics::Counter;

/// The kind of a record as metrics name it.
pub(crate) fn kind(record: &Record) -> &'static str {
    match record.kind {
        Some(Kind::Customer(_)) => "customer",
        Some(Kind::Order(_)) => "order",
        Some(Kind::ExchangeRate(_)) => "exchange_rate",
        Some(Kind::RefusedRow(_)) => "refused_row",
        None => "none",
    }
}

/// Counts the records of a batch that was written.
pub(crate) fn count_batch(tally: &Tally, rejected: &BTreeMap<&'static str, u64>) {
    count_good("customer", tally.customers);
    count_good("order", tally.orders);
    count_good("exchange_rate", tally.rates);
    for (kind, records) in rejected {
        count(kind, "rejected", *records);
    }
}

fn count_good(kind: &'static str, counts: Counts) {
    count(kind, "accepted", counts.accepted.unsigned_abs());
    count(kind, "unchanged", counts.unchanged.unsigned_abs());
}

fn count(kind: &'static str, outcome: &'static str, records: u64) {
    static RECORDS: LazyLock<Counter<u64>> = LazyLock::new(|| INGESTION_RECORDS.counter());
    if records > 0 {
        let attributes =
            [KeyValue::new("kehu.record.kind", kind), KeyValue::new("kehu.outcome", outcome)];
        RECORDS.add(records, &attributes);
    }
}
