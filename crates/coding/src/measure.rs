//! What classification and coding tell about whom they leave out.

use std::sync::LazyLock;

use kehu_server::telemetry::metrics::CODING_LEFT_OUT;
use opentelemetry::{KeyValue, metrics::Counter};

/// Counts customers that a taxonomy gave no class, or a code scheme no code.
pub(crate) fn left_out(by: &'static str, id: &str, customers: usize) {
    static LEFT_OUT: LazyLock<Counter<u64>> = LazyLock::new(|| CODING_LEFT_OUT.counter());
    if let Ok(customers @ 1..) = u64::try_from(customers) {
        let attributes = [
            KeyValue::new("kehu.left_out.by", by),
            KeyValue::new("kehu.left_out.id", id.to_owned()),
        ];
        LEFT_OUT.add(customers, &attributes);
    }
}
