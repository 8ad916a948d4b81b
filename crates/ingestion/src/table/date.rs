//! Dates and times of a file.

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use kehu_core::calendar::BusinessCalendar;

/// The forms that are tried when a mapping states none: all that begin with the year, and the
/// German one with points. With slashes nobody can tell 3 April from 4 March.
pub(super) const DEFAULT_FORMATS: [&str; 14] = [
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%d",
    "%Y-%m-%dT%H:%M:%S%.f",
    "%+",
    "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d %H:%M",
    "%Y/%m/%d",
    "%Y%m%d",
    "%d.%m.%Y %H:%M:%S",
    "%d.%m.%Y %H:%M",
    "%d.%m.%Y",
    "%Y年%m月%d日 %H:%M",
    "%Y年%m月%d日",
];

/// Why a cell is not a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NotADate {
    /// It has another form, or no such day exists.
    Invalid,
    /// Its year is not of 1900 to 2200.
    OutOfRange,
}

/// Reads the dates of a file. Times without an offset are local.
#[derive(Debug)]
pub(super) struct Dates {
    formats: Vec<String>,
    calendar: BusinessCalendar,
    /// The rows of one order have one date: the last one read need not be read again.
    last: Option<(String, Result<DateTime<Utc>, NotADate>)>,
}

impl Dates {
    /// Reads dates of these forms, local ones in the zone of `calendar`.
    pub(super) fn new(formats: Vec<String>, calendar: BusinessCalendar) -> Self {
        Self { formats, calendar, last: None }
    }

    /// The instant in a cell.
    pub(super) fn parse(&mut self, cell: &str) -> Result<DateTime<Utc>, NotADate> {
        if let Some((last, result)) = &self.last
            && last == cell
        {
            return *result;
        }
        let result = self.parse_anew(cell);
        self.last = Some((cell.to_owned(), result));
        result
    }

    fn parse_anew(&self, cell: &str) -> Result<DateTime<Utc>, NotADate> {
        let mut formats = self.formats.iter();
        let instant = formats.find_map(|format| parse_one(cell, format, &self.calendar));
        let instant = instant.ok_or(NotADate::Invalid)?;
        if !(1900..=2200).contains(&instant.year()) {
            return Err(NotADate::OutOfRange);
        }
        Ok(instant)
    }
}

/// Whether a cell has one of some forms.
pub(super) fn is_date(cell: &str, formats: &[String]) -> bool {
    let utc = BusinessCalendar::new("UTC").expect("a zone that always exists");
    formats.iter().any(|format| parse_one(cell, format, &utc).is_some())
}

fn parse_one(cell: &str, format: &str, calendar: &BusinessCalendar) -> Option<DateTime<Utc>> {
    if has_offset(format) {
        return DateTime::parse_from_str(cell, format).ok().map(|instant| instant.to_utc());
    }
    let local = NaiveDateTime::parse_from_str(cell, format).or_else(|_| {
        NaiveDate::parse_from_str(cell, format).map(|date| date.and_time(NaiveTime::MIN))
    });
    local.ok().map(|local| calendar.instant(local))
}

fn has_offset(format: &str) -> bool {
    ["%z", "%:z", "%::z", "%#z", "%+"].iter().any(|offset| format.contains(offset))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(cell: &str, formats: &[&str]) -> Result<String, NotADate> {
        let formats = formats.iter().map(|format| format.to_string()).collect();
        let calendar = BusinessCalendar::new("Europe/London").unwrap();
        let mut dates = Dates::new(formats, calendar);
        dates.parse(cell).map(|instant| instant.format("%Y-%m-%dT%H:%M:%S").to_string())
    }

    #[test]
    fn forms_that_need_no_mapping() {
        for (cell, instant) in [
            ("2010-12-01 08:26:00", "2010-12-01T08:26:00"),
            ("2011-07-01 00:10", "2011-06-30T23:10:00"),
            ("2011-07-01", "2011-06-30T23:00:00"),
            ("2011-01-02T03:04:05.678", "2011-01-02T03:04:05"),
            ("2011-07-01T12:00:00+08:00", "2011-07-01T04:00:00"),
            ("2011-07-01T12:00:00Z", "2011-07-01T12:00:00"),
            ("2011/1/2 3:04", "2011-01-02T03:04:00"),
            ("20110102", "2011-01-02T00:00:00"),
            ("02.01.2011 03:04", "2011-01-02T03:04:00"),
            ("2011年1月2日", "2011-01-02T00:00:00"),
        ] {
            assert_eq!(parse(cell, &DEFAULT_FORMATS), Ok(instant.to_owned()), "{cell}");
        }
    }

    #[test]
    fn what_is_not_a_date() {
        for (cell, error) in [
            ("2011-02-30", NotADate::Invalid),
            ("2011-02-30 10:00:00", NotADate::Invalid),
            ("2011-13-01", NotADate::Invalid),
            ("2011-01-01 25:00", NotADate::Invalid),
            ("01/02/2011", NotADate::Invalid),
            ("12/1/2010 8:26", NotADate::Invalid),
            ("yesterday", NotADate::Invalid),
            ("0000-00-00", NotADate::Invalid),
            ("1899-12-30", NotADate::OutOfRange),
            ("9999-12-31", NotADate::OutOfRange),
        ] {
            assert_eq!(parse(cell, &DEFAULT_FORMATS), Err(error), "{cell}");
        }
    }

    #[test]
    fn stated_forms() {
        for (cell, format, instant) in [
            ("12/1/2010 8:26", "%m/%d/%Y %H:%M", "2010-12-01T08:26:00"),
            ("12/1/2010 8:26", "%d/%m/%Y %H:%M", "2010-01-12T08:26:00"),
            ("1 Dec 2010 8:26 PM", "%d %b %Y %I:%M %p", "2010-12-01T20:26:00"),
            ("1291191960", "%s", "2010-12-01T08:26:00"),
        ] {
            assert_eq!(parse(cell, &[format]), Ok(instant.to_owned()), "{cell}");
        }
    }
}
