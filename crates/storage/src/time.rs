//! How days and instants are kept: integers on both databases.

use chrono::{DateTime, NaiveDate, Utc};
use kehu_core::calendar::from_days;
pub use kehu_core::calendar::to_days as days;

use crate::Error;

/// The date that is `days` days after 1970-01-01; [`Error::Corrupt`] outside the calendar.
pub fn date(days: i32) -> Result<NaiveDate, Error> {
    from_days(days)
        .ok_or_else(|| Error::Corrupt(format!("{days} days since 1970-01-01 is not a date")))
}

/// Microseconds since 1970-01-01T00:00:00Z, what is finer cut off.
pub fn micros(instant: DateTime<Utc>) -> i64 {
    instant.timestamp_micros()
}

/// The instant that is `micros` microseconds after 1970-01-01T00:00:00Z; [`Error::Corrupt`]
/// outside the calendar.
pub fn instant(micros: i64) -> Result<DateTime<Utc>, Error> {
    DateTime::from_timestamp_micros(micros).ok_or_else(|| {
        Error::Corrupt(format!("{micros} microseconds since 1970 is not an instant"))
    })
}
