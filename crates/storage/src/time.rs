//! How days and instants are kept: integers on both databases.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use crate::Error;

const EPOCH: NaiveDate = NaiveDate::from_ymd_opt(1970, 1, 1).expect("a real date");

/// Days since 1970-01-01, negative before it.
pub fn days(date: NaiveDate) -> i32 {
    let days = date.signed_duration_since(EPOCH).num_days();
    i32::try_from(days).expect("chrono's dates span less than 2^31 days")
}

/// The date that is `days` days after 1970-01-01; [`Error::Corrupt`] when it is not in chrono's
/// range (about 262,000 years).
pub fn date(days: i32) -> Result<NaiveDate, Error> {
    EPOCH
        .checked_add_signed(TimeDelta::days(days.into()))
        .ok_or_else(|| Error::Corrupt(format!("{days} days since 1970-01-01 is not a date")))
}

/// Microseconds since 1970-01-01T00:00:00Z, what is finer cut off.
pub fn micros(instant: DateTime<Utc>) -> i64 {
    instant.timestamp_micros()
}

/// The instant that is `micros` microseconds after 1970-01-01T00:00:00Z; [`Error::Corrupt`]
/// when it is not in chrono's range.
pub fn instant(micros: i64) -> Result<DateTime<Utc>, Error> {
    DateTime::from_timestamp_micros(micros)
        .ok_or_else(|| Error::Corrupt(format!("{micros} microseconds since 1970 is no instant")))
}
