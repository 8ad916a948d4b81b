//! The base of the storage crate on both databases.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails it by panicking")]

mod bulk;
mod change_log;
mod requests;
mod runs;
mod settings;
mod transactions;

use std::time::Duration;

use chrono::{DateTime, Utc};

/// An instant that many seconds after a fixed one.
fn at(seconds: u64) -> DateTime<Utc> {
    let start = DateTime::from_timestamp(1_700_000_000, 0).expect("a real instant");
    start + Duration::from_secs(seconds)
}
