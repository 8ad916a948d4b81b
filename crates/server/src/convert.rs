//! The shared types of the contract and those of the domain, both ways.
//!
//! What a caller sends is checked: a `parse_…` adds a violation of the named field and returns
//! `None` where the value is not one.

use crate::Violations;
use chrono::{DateTime, Datelike, NaiveDate, Utc};
use kehu_contract::{google::r#type as google, shared};
use kehu_core::{Label, Money, Value, attribute::Family, label::Language, limits, text};
use kehu_storage::history::View;
use prost_types::Timestamp;
use rust_decimal::Decimal;

/// A date.
pub fn date(date: NaiveDate) -> google::Date {
    let part = |number: u32| i32::try_from(number).expect("months and days are small");
    google::Date { year: date.year(), month: part(date.month()), day: part(date.day()) }
}

/// A whole date of the years 1900 to 2200, or `None` when absent.
pub fn parse_date(
    field: &str,
    date: Option<google::Date>,
    violations: &mut Violations,
) -> Option<NaiveDate> {
    let date = date?;
    let part = |number: i32| u32::try_from(number).ok();
    let parsed = part(date.month)
        .zip(part(date.day))
        .and_then(|(month, day)| NaiveDate::from_ymd_opt(date.year, month, day))
        .filter(|date| (1900..=2200).contains(&date.year()));
    if parsed.is_none() {
        violations.add(field, "must be a date that exists, of the years 1900 to 2200");
    }
    parsed
}

/// An instant.
pub fn timestamp(instant: DateTime<Utc>) -> Timestamp {
    let nanos = instant.timestamp_subsec_nanos().min(999_999_999);
    let nanos = i32::try_from(nanos).expect("below one billion");
    Timestamp { seconds: instant.timestamp(), nanos }
}

/// An instant of the years 1900 to 2200 in whole microseconds, or `None` when absent.
pub fn parse_timestamp(
    field: &str,
    instant: &Option<Timestamp>,
    violations: &mut Violations,
) -> Option<DateTime<Utc>> {
    let instant = instant.as_ref()?;
    let parsed = u32::try_from(instant.nanos)
        .ok()
        .and_then(|nanos| DateTime::from_timestamp(instant.seconds, nanos / 1_000 * 1_000))
        .filter(|instant| (1900..=2200).contains(&instant.year()));
    if parsed.is_none() {
        violations.add(field, "must be a time of the years 1900 to 2200");
    }
    parsed
}

/// An amount in a currency.
pub fn money(amount: Money, currency: &str) -> google::Money {
    let (units, nanos) = amount.units_nanos();
    google::Money { currency_code: currency.to_owned(), units, nanos }
}

/// The amount, rounded half-to-even to four decimals. The currency is the caller's to check.
pub fn parse_money(
    field: &str,
    money: &google::Money,
    violations: &mut Violations,
) -> Option<Money> {
    let one_sign = i64::from(money.nanos.signum()) * money.units.signum() >= 0;
    if !one_sign || money.nanos.unsigned_abs() > 999_999_999 {
        violations.add(field, "units and nanos must have one sign, nanos below one billion");
        return None;
    }
    let parsed = Money::from_units_nanos(money.units, money.nanos);
    parsed.inspect_err(|error| violations.add(field, error.to_string())).ok()
}

/// A decimal number.
pub fn decimal(number: Decimal) -> google::Decimal {
    google::Decimal { value: number.normalize().to_string() }
}

/// A decimal number as `-12.5` or `1.25e1`.
pub fn parse_decimal(
    field: &str,
    number: &google::Decimal,
    violations: &mut Violations,
) -> Option<Decimal> {
    let text = number.value.as_str();
    let parsed = text.parse().or_else(|_| Decimal::from_scientific(text)).ok();
    if parsed.is_none() {
        violations.add(field, "must be a decimal number such as -12.5, of at most 28 digits");
    }
    parsed
}

/// A label.
pub fn label(label: &Label) -> shared::Label {
    shared::Label { zh: label.zh.clone(), en: label.en.clone() }
}

/// A label that a caller sent; an absent one is empty.
pub fn core_label(label: Option<shared::Label>) -> Label {
    label.map(|label| Label { zh: label.zh, en: label.en }).unwrap_or_default()
}

/// What a feature tells of a customer.
pub fn family(family: Family) -> shared::FeatureFamily {
    match family {
        Family::Social => shared::FeatureFamily::Social,
        Family::Behaviour => shared::FeatureFamily::Behaviour,
        Family::Value => shared::FeatureFamily::Value,
    }
}

/// The value of a feature.
pub fn value(value: &Value) -> shared::Value {
    use shared::value::Kind;
    let kind = match value {
        Value::Null => None,
        Value::Bool(boolean) => Some(Kind::Boolean(*boolean)),
        Value::Number(number) => Some(Kind::Number(decimal(*number))),
        Value::Text(text) => Some(Kind::Text(text.clone())),
    };
    shared::Value { kind }
}

/// The two time axes of a request: the fields `true_on_date` and `known_time`.
pub fn parse_view(
    true_on: Option<google::Date>,
    known: &Option<Timestamp>,
    violations: &mut Violations,
) -> View {
    let true_on = parse_date("true_on_date", true_on, violations);
    let known_at = parse_timestamp("known_time", known, violations);
    View { true_on, known_at }
}

/// Why something is done, in the field `reason`, where it must be said: it stays on record.
pub fn parse_reason(reason: &str, violations: &mut Violations) -> String {
    let reason = reason.trim();
    if reason.is_empty() || reason.chars().count() > limits::DESCRIPTION {
        violations.add("reason", "must be 1 to 1,000 characters: say why");
    }
    if reason.chars().any(text::is_invisible) {
        violations.add("reason", "must not hold control characters or others that cannot be seen");
    }
    reason.to_owned()
}

/// The id that a caller gave to its call in the field `request_id`, a UUID in lower case; `None`
/// when it gave none.
pub fn parse_request_id(id: &str, violations: &mut Violations) -> Option<String> {
    if id.is_empty() {
        return None;
    }
    let is_hyphen = |place: usize| [8, 13, 18, 23].contains(&place);
    let fits = |(place, byte): (usize, u8)| {
        if is_hyphen(place) { byte == b'-' } else { byte.is_ascii_hexdigit() }
    };
    if id.len() != 36 || !id.bytes().enumerate().all(fits) {
        violations.add("request_id", "must be a UUID such as 6f1e2a34-0b5c-4d7e-8f90-123456789abc");
    }
    Some(id.to_ascii_lowercase())
}

/// The language of a request; English when it is not stated or not known.
pub fn language(language: i32) -> Language {
    match shared::Language::try_from(language) {
        Ok(shared::Language::ZhCn) => Language::ZhCn,
        Ok(shared::Language::En | shared::Language::Unspecified) | Err(_) => Language::En,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_must_exist() {
        for (year, month, day, good) in [
            (2024, 2, 29, true),
            (2023, 2, 29, false),
            (2011, 0, 1, false),
            (99, 1, 1, false),
            (2011, -1, 1, false),
        ] {
            let mut violations = Violations::new();
            let parsed = parse_date("d", Some(google::Date { year, month, day }), &mut violations);
            assert_eq!(
                (parsed.is_some(), violations.is_empty()),
                (good, good),
                "{year}-{month}-{day}"
            );
        }
    }

    #[test]
    fn money_has_one_sign() {
        for (units, nanos, amount) in [
            (1, 500_000_000, Some(15_000)),
            (-1, 5, None),
            (0, -100_000, Some(-1)),
            (i64::MAX, 0, None),
        ] {
            let money = google::Money { currency_code: String::new(), units, nanos };
            let parsed = parse_money("m", &money, &mut Violations::new());
            assert_eq!(parsed.map(|money| money.0), amount, "{units} {nanos}");
        }
    }

    #[test]
    fn decimals_are_numbers() {
        for (text, good) in
            [("-12.50", true), ("1e3", true), ("1e309", false), ("NaN", false), ("", false)]
        {
            let number = google::Decimal { value: text.to_owned() };
            assert_eq!(
                parse_decimal("n", &number, &mut Violations::new()).is_some(),
                good,
                "{text}"
            );
        }
    }

    #[test]
    fn request_ids_are_uuids() {
        for (id, parsed, good) in [
            ("", None, true),
            (
                "6F1E2A34-0b5c-4d7e-8f90-123456789abc",
                Some("6f1e2a34-0b5c-4d7e-8f90-123456789abc"),
                true,
            ),
            ("6f1e2a340b5c4d7e8f90123456789abc", None, false),
            ("6f1e2a34-0b5c-4d7e-8f90-12345678客", None, false),
        ] {
            let mut violations = Violations::new();
            let found = parse_request_id(id, &mut violations);
            assert_eq!(violations.is_empty(), good, "{id}");
            assert_eq!(found.as_deref().filter(|_| good), parsed, "{id}");
        }
    }
}
