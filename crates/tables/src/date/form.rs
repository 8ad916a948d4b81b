//! The forms of dates that a mapping states.

use chrono::format::{Item, StrftimeItems};
use chrono::{DateTime, Datelike, Duration, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use kehu_core::calendar::BusinessCalendar;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

/// The days of spreadsheets since 1900, in whose calendar 1900 was a leap year.
const EXCEL: &str = "excel";
/// The days of spreadsheets since 1904.
const EXCEL_1904: &str = "excel-1904";
/// Seconds since 1970.
const UNIX_SECONDS: &str = "%s";
/// Milliseconds since 1970.
const UNIX_MILLIS: &str = "unix-ms";
const MILLIS_OF_DAY: i64 = 86_400_000;

/// Whether a mapping may state this form.
pub(crate) fn is_form(form: &str) -> bool {
    matches!(form, EXCEL | EXCEL_1904 | UNIX_MILLIS)
        || !StrftimeItems::new(form).any(|item| item == Item::Error)
}

/// Local or not, a point in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    /// Local time.
    Local(NaiveDateTime),
    /// An instant.
    Instant(DateTime<Utc>),
}

impl Moment {
    /// The instant; local times are those of `calendar`.
    pub(crate) fn instant(self, calendar: &BusinessCalendar) -> DateTime<Utc> {
        match self {
            Self::Local(local) => calendar.instant(local),
            Self::Instant(instant) => instant,
        }
    }
}

/// The moment in a cell of this form, of the years 0 to 9999.
pub(super) fn parse(cell: &str, form: &str) -> Option<Moment> {
    let moment = of_form(cell, form)?;
    let year = match moment {
        Moment::Local(local) => local.year(),
        Moment::Instant(instant) => instant.year(),
    };
    (0..=9_999).contains(&year).then_some(moment)
}

/// The form in which a number may be a day of 1900 to 2200, and that day. How many digits it has
/// tells what it may count: seconds since 1970 have nine from 1973 on, milliseconds twelve.
pub(crate) fn counted(cell: &str) -> Option<(&'static str, NaiveDate)> {
    let digits = cell.split('.').next().map_or(0, str::len);
    let form = match digits {
        1..=6 => EXCEL,
        9..=10 => UNIX_SECONDS,
        12..=13 => UNIX_MILLIS,
        _ => return None,
    };
    let day = match parse(cell, form)? {
        Moment::Local(local) => local.date(),
        Moment::Instant(instant) => instant.date_naive(),
    };
    super::in_range(&day).then_some((form, day))
}

fn of_form(cell: &str, form: &str) -> Option<Moment> {
    match form {
        EXCEL => spreadsheet(cell, NaiveDate::from_ymd_opt(1899, 12, 30)?, true),
        EXCEL_1904 => spreadsheet(cell, NaiveDate::from_ymd_opt(1904, 1, 1)?, false),
        UNIX_MILLIS => DateTime::from_timestamp_millis(cell.parse().ok()?).map(Moment::Instant),
        form => strftime(cell, form),
    }
}

/// Days since an epoch, with the time of day as decimals, to the nearest millisecond.
fn spreadsheet(cell: &str, epoch: NaiveDate, since_1900: bool) -> Option<Moment> {
    let days: Decimal = cell.parse().ok()?;
    let millis = days.checked_mul(Decimal::from(MILLIS_OF_DAY))?.round().to_i64()?;
    let day = millis.div_euclid(MILLIS_OF_DAY);
    // Day 60 is 29 February 1900, which never was; those before it are one day later.
    let early = since_1900 && day < 60;
    if days < Decimal::ZERO || (since_1900 && (day == 60 || day == 0)) {
        return None;
    }
    let shift = if early { MILLIS_OF_DAY } else { 0 };
    let millis = Duration::try_milliseconds(millis.checked_add(shift)?)?;
    epoch.and_time(NaiveTime::MIN).checked_add_signed(millis).map(Moment::Local)
}

fn strftime(cell: &str, form: &str) -> Option<Moment> {
    // Digits without anything between are cut by their number alone: `2024115` is no date.
    let packed = cell.bytes().all(|byte| byte.is_ascii_digit());
    if packed && digits_of(form).is_some_and(|digits| digits != cell.len()) {
        return None;
    }
    if ["%z", "%:z", "%::z", "%#z", "%+", "%s"].iter().any(|zone| form.contains(zone)) {
        if let Ok(instant) = DateTime::parse_from_str(cell, form) {
            return Some(Moment::Instant(instant.to_utc()));
        }
        let utc = form.contains("%s").then(|| NaiveDateTime::parse_from_str(cell, form).ok());
        return utc.flatten().map(|utc| Moment::Instant(utc.and_utc()));
    }
    let local = NaiveDateTime::parse_from_str(cell, form).or_else(|_| {
        NaiveDate::parse_from_str(cell, form).map(|date| date.and_time(NaiveTime::MIN))
    });
    local.ok().map(Moment::Local)
}

/// How many digits a form has that consists of numbers of a fixed width alone.
fn digits_of(form: &str) -> Option<usize> {
    let mut digits = 0;
    let mut rest = form;
    while let Some(specifier) = rest.strip_prefix('%') {
        digits += match specifier.chars().next()? {
            'Y' | 'G' => 4,
            'j' => 3,
            'y' | 'm' | 'd' | 'H' | 'I' | 'M' | 'S' | 'V' | 'U' | 'W' | 'C' | 'g' => 2,
            'u' | 'w' => 1,
            _ => return None,
        };
        rest = &specifier[1..];
    }
    rest.is_empty().then_some(digits)
}
