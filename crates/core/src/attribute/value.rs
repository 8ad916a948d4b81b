//! Values of attributes: read from what a source writes, and kept in one form.

use chrono::{Datelike, NaiveDate};

use super::{Attribute, Kind};
use crate::money::Money;
use crate::{decimal, text};

/// Why a text is no value of an attribute.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAValue {
    /// It is no number of this type.
    #[error("must be {0}")]
    Number(&'static str),
    /// It is a number that does not fit.
    #[error("must be within 922,337,203,685,477 in either direction, with at most 4 decimals")]
    OutOfRange,
    /// It is neither true nor false.
    #[error("must be true, yes, 1 or 是, or false, no, 0 or 否")]
    Boolean,
    /// It is no date.
    #[error("must be a date that exists, of the years 1900 to 2200, such as 2026-01-31")]
    Date,
    /// It is none of the values that are allowed.
    #[error("must be one of {0}")]
    Category(String),
}

impl Attribute {
    /// The value that a cleaned text writes, in the form in which it is kept: numbers as `1234.5`,
    /// dates as `2026-01-31`, `true` and `false`. Letters and digits of full width are taken for
    /// plain ones, but in a text.
    pub fn parse(&self, given: &str) -> Result<String, NotAValue> {
        let narrow = || given.trim().chars().map(text::narrowed).collect::<String>();
        match self.kind {
            Kind::Text => self.category(given),
            Kind::Integer => number(&narrow(), true),
            Kind::Decimal => number(&narrow(), false),
            Kind::Boolean => boolean(&narrow()),
            Kind::Date => date(&narrow()).map(|date| date.to_string()).ok_or(NotAValue::Date),
        }
    }

    fn category(&self, given: &str) -> Result<String, NotAValue> {
        if self.categories.is_empty() || self.categories.iter().any(|known| known == given) {
            return Ok(given.to_owned());
        }
        Err(NotAValue::Category(named(&self.categories)))
    }
}

/// The first categories, for people.
fn named(categories: &[String]) -> String {
    const NAMED: usize = 10;
    let more = if categories.len() > NAMED { " and others that are declared" } else { "" };
    let first: Vec<&str> = categories.iter().take(NAMED).map(String::as_str).collect();
    format!("{}{more}", first.join(", "))
}

fn number(given: &str, whole: bool) -> Result<String, NotAValue> {
    let wanted = match whole {
        true => "a whole number such as 1234, without signs that group digits",
        false => "a number such as 1234.5, without signs that group digits",
    };
    let number = match decimal::parse(given) {
        Ok(number) => number.normalize(),
        Err(decimal::NotANumber::Invalid) => return Err(NotAValue::Number(wanted)),
        Err(decimal::NotANumber::OutOfRange) => return Err(NotAValue::OutOfRange),
    };
    if whole && !number.fract().is_zero() {
        return Err(NotAValue::Number(wanted));
    }
    let kept = Money::from_decimal(number).map_err(|_| NotAValue::OutOfRange)?.to_decimal();
    match kept == number {
        true => Ok(number.to_string()),
        false => Err(NotAValue::OutOfRange),
    }
}

fn boolean(given: &str) -> Result<String, NotAValue> {
    let value = match given.to_ascii_lowercase().as_str() {
        "true" | "yes" | "y" | "1" | "是" => "true",
        "false" | "no" | "n" | "0" | "否" => "false",
        _ => return Err(NotAValue::Boolean),
    };
    Ok(value.to_owned())
}

/// A date that can be read in one way only: the year first.
fn date(given: &str) -> Option<NaiveDate> {
    let forms = ["%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y年%m月%d日"];
    // Years of other than four digits would be read, too.
    let year = given.bytes().take_while(u8::is_ascii_digit).count();
    let date = forms.iter().find_map(|form| NaiveDate::parse_from_str(given, form).ok())?;
    (year == 4 && (1900..=2200).contains(&date.year())).then_some(date)
}

#[cfg(test)]
mod tests {
    use super::super::{Family, Sensitivity};
    use super::*;
    use crate::Label;

    fn attribute(kind: Kind, categories: &[&str]) -> Attribute {
        Attribute {
            id: "x".to_owned(),
            label: Label::new("", "X"),
            kind,
            family: Family::Social,
            unit: String::new(),
            description: String::new(),
            categories: categories.iter().map(|one| (*one).to_owned()).collect(),
            sensitivity: Sensitivity::Ordinary,
            basis: None,
        }
    }

    #[test]
    fn values_are_kept_in_one_form() {
        for (kind, given, kept) in [
            (Kind::Integer, "0120", "120"),
            (Kind::Integer, "1.5e3", "1500"),
            (Kind::Integer, "-7.0", "-7"),
            (Kind::Integer, "１２", "12"),
            (Kind::Decimal, "12.5000", "12.5"),
            (Kind::Decimal, "-0.0001", "-0.0001"),
            (Kind::Decimal, "922337203685477.5807", "922337203685477.5807"),
            (Kind::Boolean, "Yes", "true"),
            (Kind::Boolean, "否", "false"),
            (Kind::Date, "2026-01-31", "2026-01-31"),
            (Kind::Date, "2026/1/5", "2026-01-05"),
            (Kind::Date, "２０２６年1月5日", "2026-01-05"),
            (Kind::Text, "0120", "0120"),
        ] {
            assert_eq!(attribute(kind, &[]).parse(given).as_deref(), Ok(kept), "{kind:?} {given}");
        }
        assert_eq!(attribute(Kind::Text, &["a", "b"]).parse("b").as_deref(), Ok("b"));
    }

    #[test]
    fn values_of_another_type_are_refused() {
        for (kind, given) in [
            (Kind::Integer, "12.5"),
            (Kind::Integer, "1,234"),
            (Kind::Integer, "many"),
            (Kind::Decimal, "1.00001"),
            (Kind::Decimal, "1e15"),
            (Kind::Decimal, "1e400"),
            (Kind::Boolean, "maybe"),
            (Kind::Date, "2026-02-30"),
            (Kind::Date, "31.1.2026"),
            (Kind::Date, "26-01-31"),
            (Kind::Date, "1899-12-31"),
            (Kind::Date, "+2026-01-31"),
        ] {
            assert!(attribute(kind, &[]).parse(given).is_err(), "{kind:?} {given}");
        }
        let error = attribute(Kind::Text, &["a", "b"]).parse("c").unwrap_err();
        assert_eq!(error.to_string(), "must be one of a, b");
    }
}
