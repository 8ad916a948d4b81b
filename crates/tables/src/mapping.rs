//! How the columns of a file map to orders and customers: read from a TOML file, or found from
//! the header.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use encoding_rs::Encoding;
use kehu_core::calendar::BusinessCalendar;
use kehu_core::{Rate, currency};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::choice;
use crate::columns::{FileKind, Role};
use crate::number::Notation;
use crate::{Error, date, encoding};

/// The most attributes of a customer.
const ATTRIBUTES: usize = 100;

/// A mapping. Every field may be absent; with no columns stated they are found by the names
/// that such files usually give them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Mapping {
    /// What the records are; orders where columns are stated, else found from the header.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<FileKind>,
    /// The sheet of a workbook; the first one when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sheet: Option<String>,
    /// The source system that the records belong to: 1 to 64 characters of a-z, 0-9, `-` and
    /// `_`; `import` when absent.
    pub source: Option<String>,
    /// What stands between cells: `,` `;` `|` or a tab; found from the header when absent.
    pub delimiter: Option<char>,
    /// The encoding of the file by its WHATWG name, such as `utf-8`, `utf-16le`, `gb18030`,
    /// `big5`, `shift_jis`, `windows-1252`; found when absent. A byte order mark counts before it.
    pub encoding: Option<String>,
    /// Numbers are written `1.234,50` (true) or `1,234.50` (false); found for each column from
    /// all its cells when absent.
    pub decimal_comma: Option<bool>,
    /// What groups the digits of numbers, and nothing else may: `,` `.` `'` `_` or a space, which
    /// stands for all kinds of it.
    pub thousands: Option<char>,
    /// Order numbers begin anew each year: the numbers of each year are of its own, and the key of
    /// an order is `2024/1001`. Its year is that of the date as it is written.
    pub numbers_by_year: bool,
    /// The forms that dates and times may have, tried in turn: strftime's notation, `excel` or
    /// `excel-1904` for the days of spreadsheets, `%s` or `unix-ms` for seconds or milliseconds
    /// since 1970. When absent the usual forms are read, and whether day or month comes first is
    /// found from all cells of the column.
    pub date_formats: Vec<String>,
    /// The IANA time zone of times that state none; the enterprise's when absent.
    pub time_zone: Option<String>,
    /// The ISO 4217 currency of rows that state none; the base currency when absent.
    pub currency: Option<String>,
    /// The column of each role.
    pub columns: BTreeMap<Role, Names>,
    /// What holds for all rows and stands in no column: a text, or a number with a decimal point.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub constants: BTreeMap<Role, String>,
    /// How the file writes what can only be one of a few: by role and name of this contract, the
    /// words of the file. `measure.nps = ["推荐度"]`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub values: BTreeMap<Role, BTreeMap<String, Vec<String>>>,
    /// How returns and adjustments are told from sales by the order's key.
    pub returns: Returns,
    /// How orders are told apart by the values of the column `status`.
    pub status: StatusValues,
    /// Attributes of the customer and the columns they are read from.
    pub attributes: BTreeMap<String, String>,
    /// Exchange rates that the file needs.
    pub rates: Vec<MappedRate>,
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
    pub(crate) fn parse(&self) -> Option<(NaiveDate, Rate)> {
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

    /// The encoding that is stated.
    pub(crate) fn encoding(&self) -> Option<&'static Encoding> {
        self.encoding.as_deref().and_then(encoding::named)
    }

    /// The notation of numbers that is stated; what groups them says what does not.
    pub(crate) fn notation(&self) -> Option<Notation> {
        let comma = self.decimal_comma.or(match self.thousands {
            Some('.') => Some(true),
            Some(',') => Some(false),
            _ => None,
        })?;
        Some(if comma { Notation::Comma } else { Notation::Point })
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

    /// The kind of its records, when it states one or states columns.
    fn stated_kind(&self) -> Option<FileKind> {
        self.kind.or((!self.columns.is_empty()).then_some(FileKind::Orders))
    }

    fn check_columns(&self, problems: &mut Vec<String>) {
        let has = |role: Role| self.columns.contains_key(&role);
        if let Some(kind) = self.stated_kind().filter(|_| !self.columns.is_empty()) {
            self.check_needed(kind, problems);
        }
        for (role, names) in &self.columns {
            if *role != Role::Discount && matches!(names, Names::Several(_)) {
                problems.push(format!("columns.{}: only discount may be several", role.name()));
            }
        }
        self.check_shared(problems);
        self.check_constants(problems);
        self.check_values(problems);
        if self.kind.is_some_and(|kind| kind != FileKind::Orders) {
            return;
        }
        let values = &self.status;
        let stated = [&values.cancelled, &values.returned, &values.adjustment];
        if stated.iter().any(|values| !values.is_empty()) != has(Role::Status) {
            let text = "status: state both the column (columns.status) and its values, or neither";
            problems.push(text.to_owned());
        }
    }

    /// What no record of the kind can be made without, and what none of them has.
    fn check_needed(&self, kind: FileKind, problems: &mut Vec<String>) {
        let has = |role: Role| self.columns.contains_key(&role);
        for column in kind.needed() {
            if !has(column.role) && !self.constants.contains_key(&column.role) {
                problems.push(format!("columns.{} is not stated", column.role.name()));
            }
        }
        let priced = has(Role::Quantity) && has(Role::UnitPrice);
        if kind == FileKind::Orders && !has(Role::Amount) && !priced {
            problems.push("columns: state amount, or quantity and unit_price".to_owned());
        }
        for role in self.columns.keys().filter(|role| !kind.has(**role)) {
            let (role, kind) = (role.name(), kind.name());
            problems.push(format!("columns.{role}: files of {kind} have no such column"));
        }
    }

    fn check_constants(&self, problems: &mut Vec<String>) {
        for (role, value) in &self.constants {
            let name = role.name();
            let foreign = self.stated_kind().is_some_and(|kind| !kind.has(*role));
            if foreign || role.is_date() || *role == Role::Time {
                problems.push(format!("constants.{name}: rows of this kind have it in a column"));
            } else if self.columns.contains_key(role) {
                problems.push(format!("constants.{name}: it is columns.{name} already"));
            } else if role.is_number() && value.parse::<Decimal>().is_err() {
                problems.push(format!("constants.{name}: {value:?} is not a number such as 12.5"));
            }
        }
    }

    fn check_values(&self, problems: &mut Vec<String>) {
        for (role, words) in &self.values {
            let possible = choice::names(self.stated_kind(), *role);
            for word in words.keys().filter(|word| !possible.contains(&word.as_str())) {
                let possible = possible.join(", ");
                let name = role.name();
                problems.push(format!("values.{name}.{word}: possible are {possible}"));
            }
            if possible.is_empty() {
                problems.push(format!("values.{}: it may be anything", role.name()));
            }
        }
    }

    /// A column has one role: what it holds cannot be two things.
    fn check_shared(&self, problems: &mut Vec<String>) {
        let mut taken: BTreeMap<&str, Role> = BTreeMap::new();
        for (role, names) in &self.columns {
            for name in names.all() {
                if let Some(other) = taken.insert(name.trim(), *role) {
                    let (one, two) = (other.name(), role.name());
                    problems.push(format!("columns.{two}: {name:?} is columns.{one} already"));
                }
            }
        }
    }

    fn check_forms(&self, problems: &mut Vec<String>) {
        let delimiter = self.delimiter.unwrap_or(',');
        if !matches!(delimiter, ',' | ';' | '|' | '\t') {
            problems.push("delimiter: use one of , ; | and a tab (\"\\t\")".to_owned());
        }
        let decimals = match self.decimal_comma {
            Some(true) => ',',
            Some(false) => '.',
            None => ' ',
        };
        let thousands = self.thousands.unwrap_or('\'');
        let own = thousands == decimals && decimals != ' ';
        if !matches!(thousands, ',' | '.' | ' ' | '\'' | '_') || own {
            let text = "thousands: use one of , . ' _ and a space, not the decimal separator";
            problems.push(text.to_owned());
        }
        for format in &self.date_formats {
            if !date::is_form(format) {
                problems.push(format!(
                    "date_formats: {format:?} is neither strftime's notation nor one of excel, \
                     excel-1904 and unix-ms"
                ));
            }
        }
        if let Some(name) = self.encoding.as_ref().filter(|name| encoding::named(name).is_none()) {
            problems.push(format!(
                "encoding: {name:?} is not one of utf-8, utf-16le, utf-16be, gb18030, big5, \
                 shift_jis, windows-1252 or another name of the WHATWG Encoding Standard"
            ));
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
        assert_eq!(mapping.encoding(), Some(encoding_rs::WINDOWS_1252));
        assert_eq!(mapping.notation(), Some(Notation::Comma));
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
            encoding = "utf-7"
            time_zone = "Mars/Olympus"
            currency = "QQQ"
            columns = { order_id = ["a", "b"], quantity = "q", brand = "q" }
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
                        columns columns.order_id columns.quantity status delimiter thousands \
                        date_formats encoding returns rates";
        assert_eq!(starts.join(" "), expected);
    }

    #[test]
    fn unknown_names_are_refused() {
        for text in ["sauce = 1", "[columns]\ncustomer = \"x\""] {
            assert!(matches!(Mapping::parse(text), Err(Error::Mapping(_))), "{text}");
        }
    }
}
