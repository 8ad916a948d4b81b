//! Values that several kinds of record have.

use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, Utc};
use kehu_contract::google::r#type as google;
use kehu_contract::ingestion::ProblemReason;
use kehu_core::calendar::BusinessCalendar;
use kehu_core::{Money, Quantity, Rate, currency, decimal, key, limits};
use kehu_server::{Violations, clock, convert};
use kehu_storage::ingestion::RateTable;
use prost_types::Timestamp;

use super::Problems;

/// How far ahead the clock of a source may be.
const AHEAD: TimeDelta = TimeDelta::days(1);
/// Numbers that are no amounts are within this in either direction: a million, in 1/10,000.
const NUMBER: i64 = 10_000_000_000;

/// A time that must be given.
pub(super) fn time(
    field: &str,
    given: Option<&Timestamp>,
    calendar: &BusinessCalendar,
    problems: &mut Problems,
) -> Option<DateTime<Utc>> {
    let Some(time) = given else {
        problems.add(field, ProblemReason::FieldMissing, "must be given");
        return None;
    };
    // Whole microseconds are what the databases keep.
    let at = u32::try_from(time.nanos)
        .ok()
        .and_then(|nanos| DateTime::from_timestamp(time.seconds, nanos / 1_000 * 1_000))
        .filter(|at| (1899..=2201).contains(&at.year()))
        .filter(|at| (1900..=2200).contains(&calendar.date(*at).year()));
    if at.is_none() {
        let text = "must be a time of the years 1900 to 2200 in the enterprise's time zone";
        problems.add(field, ProblemReason::OutOfRange, text);
    }
    at
}

/// When a source last changed a record, where it says so; its clock, or its time zone, may be wrong
/// by a day.
pub(crate) fn source_time(
    field: &str,
    given: Option<&Timestamp>,
    calendar: &BusinessCalendar,
    problems: &mut Problems,
) -> Option<DateTime<Utc>> {
    given?;
    let at = time(field, given, calendar, problems)?;
    if at > clock::now() + AHEAD {
        let text = "must be at most one day after the time at which the record comes";
        problems.add(field, ProblemReason::OutOfRange, text);
        return None;
    }
    Some(at)
}

/// A date that must be given.
pub(super) fn date(
    field: &str,
    given: Option<google::Date>,
    problems: &mut Problems,
) -> Option<NaiveDate> {
    let date = convert::parse_date("", given, &mut Violations::new());
    if given.is_none() {
        problems.add(field, ProblemReason::FieldMissing, "must be given");
    } else if date.is_none() {
        let text = "must be a date that exists, of the years 1900 to 2200";
        problems.add(field, ProblemReason::DateInvalid, text);
    }
    date
}

/// A currency that must be given.
pub(super) fn code(field: &str, given: &str, problems: &mut Problems) -> Option<&'static str> {
    if given.is_empty() {
        problems.add(field, ProblemReason::FieldMissing, "must not be empty");
        return None;
    }
    let code = currency::parse(given);
    if code.is_none() {
        problems.add(field, ProblemReason::CurrencyUnknown, "must be an ISO 4217 currency");
    }
    code
}

/// An amount in the currency of its record (`an order`), when it is given.
pub(super) fn money(
    field: &str,
    given: Option<&google::Money>,
    (record, currency): (&str, &str),
    problems: &mut Problems,
) -> Option<Money> {
    let money = given?;
    if !money.currency_code.is_empty() && money.currency_code != currency {
        let text = format!("must be in the currency of the {record}");
        problems.add(field, ProblemReason::OrderInconsistent, &text);
        return None;
    }
    let one_sign = i64::from(money.nanos.signum()) * money.units.signum() >= 0;
    if !one_sign || money.nanos.unsigned_abs() > 999_999_999 {
        let text = "units and nanos must have one sign, nanos below one billion";
        problems.add(field, ProblemReason::NumberInvalid, text);
        return None;
    }
    let parsed = Money::from_units_nanos(money.units, money.nanos);
    if parsed.is_err() {
        let text = "must be within 922,337,203,685,477.5807 in either direction";
        problems.add(field, ProblemReason::OutOfRange, text);
    }
    parsed.ok()
}

/// The rate of a currency that is valid on a day.
pub(super) fn rate(
    field: &str,
    currency: &str,
    day: NaiveDate,
    rates: &RateTable,
) -> Result<Rate, Problems> {
    rates.effective(currency, day).ok_or_else(|| {
        let text =
            format!("no rate of {currency} is valid on {day}: send one that starts then or before");
        Problems::of(field, ProblemReason::RateMissing, &text)
    })
}

/// The name of a kind, which must be given, as programs write it.
pub(super) fn kind(field: &str, given: &str, problems: &mut Problems) -> Option<String> {
    let kind = key::name(given);
    if kind.is_empty() {
        problems.add(field, ProblemReason::FieldMissing, "must not be empty");
        return None;
    }
    problems.text(field, &kind, limits::NAME)
}

/// Free words, which may have several lines and be empty.
pub(super) fn note(field: &str, given: &str, problems: &mut Problems) -> Option<String> {
    let blank = |letter: char| if matches!(letter, '\n' | '\r' | '\t') { ' ' } else { letter };
    let text: String = given.trim().chars().map(blank).collect();
    problems.text(field, &text, limits::DESCRIPTION)
}

/// A number in 1/10,000, within a million; more decimals are rounded half to even.
pub(super) fn number(
    field: &str,
    given: Option<&google::Decimal>,
    absent: Option<i64>,
    problems: &mut Problems,
) -> Option<i64> {
    let Some(given) = given else { return absent };
    let Ok(number) = decimal::parse(&given.value) else {
        let text = "must be a decimal number such as 4.5";
        problems.add(field, ProblemReason::NumberInvalid, text);
        return None;
    };
    let number = Quantity::from_decimal(number).ok().map(|number| number.0);
    let number = number.filter(|number| (-NUMBER..=NUMBER).contains(number));
    if number.is_none() {
        let text = "must be within a million in either direction";
        problems.add(field, ProblemReason::OutOfRange, text);
    }
    number
}
