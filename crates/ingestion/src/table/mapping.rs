//! How the columns of a file map to orders and customers: read from a TOML file, or found from
//! the header.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use chrono::format::{Item, StrftimeItems};
use kehu_core::calendar::BusinessCalendar;
use kehu_core::{Rate, currency};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::{Error, columns::Role, date};

/// The most attributes of a customer.
const ATTRIBUTES: usize = 100;

/// A mapping. Every field may be absent; with no columns stated they are found by the names
/// that such files usually give them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Mapping {
    /// The source system that the records belong to: 1 to 64 characters of a-z, 0-9, `-` and
    /// `_`; `import` when absent.
    pub source: Option<String>,
    /// What stands between cells: `,` `;` `|` or a tab; found from the header when absent.
    pub delimiter: Option<char>,
    /// The encoding of the file.
    pub encoding: Encoding,
    /// Numbers are written `1.234,50`.
    pub decimal_comma: bool,
    /// What groups the digits of numbers by three; `,` (with `decimal_comma` `.`) when absent.
    pub thousands: Option<char>,
    /// The forms that dates and times may have, in strftime's notation, tried in turn; years
    /// first (ISO 8601 and its relatives) when absent. Forms that begin with the day or the
    /// month are never guessed.
    pub date_formats: Vec<String>,
    /// The IANA time zone of times that state none; the enterprise's when absent.
    pub time_zone: Option<String>,
    /// The ISO 4217 currency of rows that state none; the base currency when absent.
    pub currency: Option<String>,
    /// The column of each role.
    pub columns: BTreeMap<Role, Names>,
    /// How returns and adjustments are told from sales by the order's key.
    pub returns: Returns,
    /// How orders are told apart by the values of the column `status`.
    pub status: StatusValues,
    /// Attributes of the customer and the columns they are read from.
    pub attributes: BTreeMap<String, String>,
    /// Exchange rates that the file needs.
    pub rates: Vec<MappedRate>,
}

/// The encoding of a file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Encoding {
    /// UTF-8, with or without a byte order mark.
    #[default]
    #[serde(rename = "utf-8")]
    Utf8,
    /// Western Windows, and Latin-1, which it holds.
    #[serde(rename = "windows-1252", alias = "latin-1")]
    Windows1252,
}

/// One column, or several whose numbers add up (discounts only).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Names {
    /// One column.
    One(String),
    /// Several.
    Several(Vec<String>),
}

/// Prefixes of order keys. A prefix counts where nothing but digits follows it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Returns {
    /// The prefix of a sale that was cancelled after it was booked: a return.
    pub cancelled_prefix: Option<String>,
    /// The prefix of a correction of the books.
    pub adjustment_prefix: Option<String>,
}

/// Values of the status column, compared without regard to case; all others are completed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StatusValues {
    /// Orders called off before they were carried out.
    pub cancelled: Vec<String>,
    /// Returns.
    pub returned: Vec<String>,
    /// Corrections of the books.
    pub adjustment: Vec<String>,
}

/// An exchange rate in a mapping.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MappedRate {
    /// The foreign currency, ISO 4217.
    pub currency: String,
    /// The first day it is valid, `2011-01-31`.
    pub start_date: String,
    /// Units of the base currency for one unit, `"0.8612"`.
    pub rate: String,
}

impl Names {
    /// All of them.
    pub fn all(&self) -> &[String] {
        match self {
            Self::One(name) => std::slice::from_ref(name),
            Self::Several(names) => names,
        }
    }
}

impl MappedRate {
    /// The first day and the rate, when both are good.
    pub(super) fn parse(&self) -> Option<(NaiveDate, Rate)> {
        let rate: Decimal = self.rate.parse().ok()?;
        Some((self.start_date.parse().ok()?, Rate::from_decimal(rate).ok()?))
    }
}

impl Mapping {
    /// Reads a mapping, and checks it. [`Error::Mapping`] lists every problem.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let mapping: Self =
            toml::from_str(text).map_err(|error| Error::Mapping(vec![error.to_string()]))?;
        let problems = mapping.problems();
        if problems.is_empty() { Ok(mapping) } else { Err(Error::Mapping(problems)) }
    }

    /// The source's name.
    pub fn source(&self) -> &str {
        self.source.as_deref().unwrap_or("import")
    }

    /// What separates decimals.
    pub(super) fn decimal_point(&self) -> char {
        if self.decimal_comma { ',' } else { '.' }
    }

    /// What groups digits.
    pub(super) fn thousands(&self) -> char {
        self.thousands.unwrap_or(if self.decimal_comma { '.' } else { ',' })
    }

    /// The forms of dates.
    pub(super) fn date_formats(&self) -> Vec<String> {
        if self.date_formats.is_empty() {
            return date::DEFAULT_FORMATS.iter().map(|format| format.to_string()).collect();
        }
        self.date_formats.clone()
    }

    fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        self.check_names(&mut problems);
        self.check_columns(&mut problems);
        self.check_forms(&mut problems);
        for rate in &self.rates {
            if currency::parse(&rate.currency).is_none() || rate.parse().is_none() {
                problems.push(format!(
                    "rates: {} from {} at {} needs an ISO 4217 currency, a date like 2011-01-31 \
                     and a rate above zero",
                    rate.currency, rate.start_date, rate.rate
                ));
            }
        }
        problems
    }

    fn check_names(&self, problems: &mut Vec<String>) {
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        let source = self.source();
        let good = source.chars().all(|c| allowed(c) || c == '-');
        if !good || source.is_empty() || source.len() > 64 {
            problems.push("source: use 1 to 64 characters of a-z, 0-9, - and _".to_owned());
        }
        if self.attributes.len() > ATTRIBUTES {
            problems.push(format!("attributes: at most {ATTRIBUTES} are possible"));
        }
        for name in self.attributes.keys() {
            if name.is_empty() || name.len() > 64 || !name.chars().all(allowed) {
                problems.push(format!("attributes.{name}: use 1 to 64 of a-z, 0-9 and _"));
            }
        }
        if let Some(code) = self.currency.as_ref().filter(|code| currency::parse(code).is_none()) {
            problems.push(format!("currency: {code:?} is not an ISO 4217 currency"));
        }
        if let Some(zone) = &self.time_zone {
            problems.extend(BusinessCalendar::new(zone).err().map(|e| format!("time_zone: {e}")));
        }
    }

    fn check_columns(&self, problems: &mut Vec<String>) {
        let has = |role: Role| self.columns.contains_key(&role);
        if !self.columns.is_empty() {
            for role in [Role::OrderId, Role::CustomerId, Role::Date] {
                if !has(role) {
                    problems.push(format!("columns.{} is not stated", role.name()));
                }
            }
            let priced = has(Role::Quantity) && has(Role::UnitPrice);
            if !has(Role::Amount) && !priced {
                problems.push("columns: state amount, or quantity and unit_price".to_owned());
            }
        }
        for (role, names) in &self.columns {
            if *role != Role::Discount && matches!(names, Names::Several(_)) {
                problems.push(format!("columns.{}: only discount may be several", role.name()));
            }
        }
        let values = &self.status;
        let stated = [&values.cancelled, &values.returned, &values.adjustment];
        if stated.iter().any(|values| !values.is_empty()) != has(Role::Status) {
            let text = "status: state both the column (columns.status) and its values, or neither";
            problems.push(text.to_owned());
        }
    }

    fn check_forms(&self, problems: &mut Vec<String>) {
        let delimiter = self.delimiter.unwrap_or(',');
        if !matches!(delimiter, ',' | ';' | '|' | '\t') {
            problems.push("delimiter: use one of , ; | and a tab (\"\\t\")".to_owned());
        }
        let thousands = self.thousands();
        if !matches!(thousands, ',' | '.' | ' ' | '\'') || thousands == self.decimal_point() {
            let text = "thousands: use one of , . ' and a space, not the decimal separator";
            problems.push(text.to_owned());
        }
        for format in &self.date_formats {
            if StrftimeItems::new(format).any(|item| item == Item::Error) {
                problems.push(format!("date_formats: {format:?} is not in strftime's notation"));
            }
        }
        let prefixes = [&self.returns.cancelled_prefix, &self.returns.adjustment_prefix];
        if prefixes.into_iter().flatten().any(String::is_empty) {
            problems.push("returns: a prefix must not be empty".to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_mapping() {
        let text = r#"
            source = "shop"
            delimiter = ";"
            encoding = "latin-1"
            decimal_comma = true
            date_formats = ["%d/%m/%Y %H:%M"]
            time_zone = "Europe/Paris"
            currency = "EUR"
            [columns]
            order_id = "Order"
            customer_id = "Client"
            date = "Date"
            amount = "Total"
            discount = ["Coupon", "Rebate"]
            status = "State"
            [status]
            cancelled = ["annulée"]
            [attributes]
            age_band = "Age"
            [[rates]]
            currency = "USD"
            start_date = "2011-01-01"
            rate = "0.75"
        "#;
        let mapping = Mapping::parse(text).unwrap();
        assert_eq!(mapping.source(), "shop");
        assert_eq!(mapping.encoding, Encoding::Windows1252);
        assert_eq!((mapping.decimal_point(), mapping.thousands()), (',', '.'));
        assert_eq!(mapping.columns[&Role::Discount].all(), ["Coupon", "Rebate"]);
        assert_eq!(Mapping::parse("").unwrap(), Mapping::default());
    }

    #[test]
    fn every_problem_is_listed() {
        let text = r#"
            source = "My Shop"
            delimiter = "x"
            thousands = "."
            decimal_comma = false
            date_formats = ["%Q"]
            time_zone = "Mars/Olympus"
            currency = "QQQ"
            columns = { order_id = ["a", "b"], quantity = "q" }
            status = { cancelled = ["x"] }
            returns = { cancelled_prefix = "" }
            attributes = { "A b" = "c" }
            rates = [{ currency = "USD", start_date = "2011-02-30", rate = "1" }]
        "#;
        let Error::Mapping(problems) = Mapping::parse(text).unwrap_err() else {
            panic!("a mapping problem");
        };
        let starts: Vec<&str> =
            problems.iter().map(|problem| problem.split([':', ' ']).next().unwrap()).collect();
        let expected = "source attributes.A currency time_zone columns.customer_id columns.date \
                        columns columns.order_id status delimiter thousands date_formats returns \
                        rates";
        assert_eq!(starts.join(" "), expected);
    }

    #[test]
    fn unknown_names_are_refused() {
        for text in ["sauce = 1", "[columns]\ncustomer = \"x\"", "encoding = \"utf-7\""] {
            assert!(matches!(Mapping::parse(text), Err(Error::Mapping(_))), "{text}");
        }
    }
}
