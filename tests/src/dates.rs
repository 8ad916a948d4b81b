//! Dates as people write them, and instants.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use kehu_contract::google::r#type::Date;
use kehu_server::{clock, convert};

/// The day of a text like `2011-12-10`.
pub fn day(text: &str) -> NaiveDate {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// The same for a field of the contract.
pub fn date(text: &str) -> Option<Date> {
    Some(convert::date(day(text)))
}

/// An instant that many seconds after a fixed one.
pub fn at(seconds: i64) -> DateTime<Utc> {
    let start = DateTime::from_timestamp(1_700_000_000, 0).expect("a real instant");
    start + TimeDelta::seconds(seconds)
}

/// The instant now.
pub fn now() -> DateTime<Utc> {
    clock::now()
}
