//! Dates and times in the contract's form.

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use kehu_contract::google::r#type as google;
use prost_types::Timestamp;

/// A date.
pub(crate) fn date(date: NaiveDate) -> google::Date {
    let part = |number: u32| i32::try_from(number).expect("months and days are small");
    google::Date { year: date.year(), month: part(date.month()), day: part(date.day()) }
}

/// An instant.
pub(crate) fn timestamp(instant: DateTime<Utc>) -> Timestamp {
    let nanos = instant.timestamp_subsec_nanos().min(999_999_999);
    let nanos = i32::try_from(nanos).expect("below one billion");
    Timestamp { seconds: instant.timestamp(), nanos }
}
