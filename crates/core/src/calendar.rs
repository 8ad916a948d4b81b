//! Business dates: local dates in one named time zone, and their form in the databases.

use chrono::{
    DateTime, Datelike, Days, LocalResult, Months, NaiveDate, NaiveDateTime, TimeZone, Timelike,
    Utc,
};
use chrono_tz::Tz;

/// Days from 1970-01-01 to `date`: the form of a date in both databases and in Arrow.
pub fn to_days(date: NaiveDate) -> i32 {
    date.num_days_from_ce() - UNIX_EPOCH_FROM_CE
}

/// The date that is `days` days after 1970-01-01, or `None` outside the calendar.
pub fn from_days(days: i32) -> Option<NaiveDate> {
    NaiveDate::from_num_days_from_ce_opt(days.checked_add(UNIX_EPOCH_FROM_CE)?)
}

const UNIX_EPOCH_FROM_CE: i32 = 719_163;

/// `date` minus `days`, stopping at the first day of the calendar.
pub fn days_before(date: NaiveDate, days: u64) -> NaiveDate {
    date.checked_sub_days(Days::new(days)).unwrap_or(NaiveDate::MIN)
}

/// The first day of the month of `date`.
pub fn month_start(date: NaiveDate) -> NaiveDate {
    date.with_day(1).expect("every month has a first day")
}

/// The last day of the month of `date`.
pub fn month_end(date: NaiveDate) -> NaiveDate {
    let next = month_start(date).checked_add_months(Months::new(1));
    next.and_then(|first| first.pred_opt()).unwrap_or(NaiveDate::MAX)
}

/// `date` minus `months`, on the last day of a month that is shorter, stopping at the first day of the
/// calendar.
pub fn months_before(date: NaiveDate, months: u32) -> NaiveDate {
    date.checked_sub_months(Months::new(months)).unwrap_or(NaiveDate::MIN)
}

/// Whether a date is the first day of a quarter.
pub fn begins_quarter(date: NaiveDate) -> bool {
    date.day() == 1 && date.month0().is_multiple_of(3)
}

/// The calendar of the enterprise: every business date is a local date in its time zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BusinessCalendar {
    zone: Tz,
}

/// The name is not in the IANA time zone database.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown time zone {0:?}: use an IANA name such as Europe/London or Asia/Shanghai")]
pub struct UnknownZone(pub String);

impl BusinessCalendar {
    /// The calendar of an IANA time zone.
    pub fn new(zone: &str) -> Result<Self, UnknownZone> {
        let zone = zone.parse().map_err(|_| UnknownZone(zone.to_owned()))?;
        Ok(Self { zone })
    }

    /// The IANA name of the zone.
    pub fn zone_name(&self) -> &'static str {
        self.zone.name()
    }

    /// The business date of an instant.
    pub fn date(&self, instant: DateTime<Utc>) -> NaiveDate {
        instant.with_timezone(&self.zone).date_naive()
    }

    /// The local time of an instant.
    pub fn local(&self, instant: DateTime<Utc>) -> NaiveDateTime {
        instant.with_timezone(&self.zone).naive_local()
    }

    /// The local hour, 0 to 23.
    pub fn hour(&self, instant: DateTime<Utc>) -> u32 {
        instant.with_timezone(&self.zone).hour()
    }

    /// The instant of a local time. In the hour that occurs twice, the first; in the hour that
    /// is skipped, the instant the same distance after the gap began.
    pub fn instant(&self, local: NaiveDateTime) -> DateTime<Utc> {
        match self.zone.from_local_datetime(&local) {
            LocalResult::Single(time) | LocalResult::Ambiguous(time, _) => time.with_timezone(&Utc),
            LocalResult::None => self.instant_in_gap(local),
        }
    }

    fn instant_in_gap(&self, local: NaiveDateTime) -> DateTime<Utc> {
        let day_before = local - chrono::Duration::days(1);
        match self.zone.from_local_datetime(&day_before) {
            LocalResult::Single(time) | LocalResult::Ambiguous(time, _) => {
                time.with_timezone(&Utc) + chrono::Duration::days(1)
            }
            LocalResult::None => local.and_utc(),
        }
    }
}

/// Days as texts in what is kept as JSON: `2011-12-10`.
pub mod as_text {
    use chrono::NaiveDate;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    /// Writes a day.
    pub fn serialize<S: Serializer>(day: &NaiveDate, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(day)
    }

    /// Reads a day.
    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<NaiveDate, D::Error> {
        String::deserialize(from)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn days_round_trip() {
        for (date, days) in [("1970-01-01", 0), ("2011-12-10", 15_318), ("1969-12-31", -1)] {
            assert_eq!(to_days(day(date)), days);
            assert_eq!(from_days(days), Some(day(date)));
        }
        assert_eq!(from_days(i32::MAX), None);
    }

    #[test]
    fn local_times_around_the_clock_change() {
        let london = BusinessCalendar::new("Europe/London").unwrap();
        for (local, utc) in [
            ("2011-03-27T00:30:00", "2011-03-27T00:30:00Z"),
            ("2011-03-27T01:30:00", "2011-03-27T01:30:00Z"),
            ("2011-10-30T01:30:00", "2011-10-30T00:30:00Z"),
            ("2011-07-01T00:10:00", "2011-06-30T23:10:00Z"),
        ] {
            let instant = london.instant(local.parse().unwrap());
            assert_eq!(instant, utc.parse::<DateTime<Utc>>().unwrap());
        }
        assert_eq!(london.date("2011-06-30T23:10:00Z".parse().unwrap()), day("2011-07-01"));
        assert!(BusinessCalendar::new("Mars/Olympus").is_err());
    }
}
