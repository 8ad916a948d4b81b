//! Reads the cells of a row by what they are: keys, texts, dates, numbers, amounts.

use std::borrow::Cow;

use chrono::{DateTime, NaiveDate, Utc};
use kehu_contract::google::r#type as google;
use kehu_contract::ingestion::{Problem, ProblemReason};
use kehu_core::calendar::BusinessCalendar;
use kehu_core::{Money, currency, key, limits};
use rust_decimal::Decimal;

use crate::clean::Cleaned;
use crate::columns::{Layout, Role};
use crate::customer;
use crate::date::{Dates, NotADate};
use crate::number::{NotRead, Number, NumberFormat};
use crate::problem::{self, problem};
use crate::row::Row;
use crate::scan::date_cell;
use crate::sign::{self, Currency};
use crate::text;

/// Reads cells.
#[derive(Debug)]
pub(crate) struct Cells {
    pub(crate) layout: Layout,
    /// How the numbers of each column are written.
    pub(crate) numbers: Vec<(usize, NumberFormat)>,
    /// How the dates of each column are written.
    pub(crate) dates: Vec<(Role, Dates)>,
    /// The calendar of times that state no zone.
    pub(crate) calendar: BusinessCalendar,
    /// The currency of rows that state none.
    pub(crate) currency: String,
    pub(crate) cleaned: Cleaned,
}

impl Cells {
    /// The key of a role, which must be there where it is the record's own.
    pub(crate) fn key(&mut self, row: &Row, role: Role, problems: &mut Vec<Problem>) -> String {
        let key = self.cleaned.key(self.layout.cell(row, role));
        text::check(key.into_owned(), self.layout.column(role), limits::KEY, problems)
    }

    /// The customer's key.
    pub(crate) fn customer(&mut self, row: &Row, problems: &mut Vec<Problem>) -> String {
        let cell = self.layout.cell(row, Role::CustomerId);
        let column = self.layout.column(Role::CustomerId);
        customer::key(cell, column, &mut self.cleaned, problems)
    }

    /// The time of a role, with the time of day beside it; `None` where the cell is empty or no date.
    pub(crate) fn time(
        &mut self,
        row: &Row,
        role: Role,
        problems: &mut Vec<Problem>,
    ) -> Option<DateTime<Utc>> {
        let beside = if role == Role::Date { self.layout.cell(row, Role::Time) } else { "" };
        let date = date_cell(self.layout.cell(row, role), beside);
        if date.is_empty() {
            return None;
        }
        let (_, dates) = self.dates.iter_mut().find(|(of, _)| *of == role)?;
        match dates.parse(&date) {
            Ok(time) => Some(time),
            Err(error) => {
                let (reason, text) = explain_date(&date, error);
                problems.push(self.problem(role, reason, &text));
                None
            }
        }
    }

    /// The time of a role that every row needs.
    pub(crate) fn needed_time(
        &mut self,
        row: &Row,
        role: Role,
        problems: &mut Vec<Problem>,
    ) -> DateTime<Utc> {
        let before = problems.len();
        let time = self.time(row, role, problems);
        if time.is_none() && problems.len() == before {
            let text = "the row has no date";
            problems.push(self.problem(role, ProblemReason::FieldMissing, text));
        }
        time.unwrap_or(DateTime::UNIX_EPOCH)
    }

    /// The day of a role.
    pub(crate) fn day(
        &mut self,
        row: &Row,
        role: Role,
        problems: &mut Vec<Problem>,
    ) -> Option<NaiveDate> {
        let time = self.time(row, role, problems)?;
        Some(self.calendar.date(time))
    }

    /// The cell of a role, or what holds for all rows.
    pub(crate) fn cell<'a>(&'a self, row: &'a Row, role: Role) -> &'a str {
        self.layout.cell(row, role)
    }

    /// A text, cleaned; empty where there is none, or it is no good.
    pub(crate) fn text(
        &mut self,
        row: &Row,
        role: Role,
        limit: usize,
        problems: &mut Vec<Problem>,
    ) -> String {
        let cell = self.layout.cell(row, role);
        if cell.is_empty() {
            return String::new();
        }
        text::clean(cell, self.layout.column(role), limit, &mut self.cleaned, problems)
    }

    /// The currency of a row: that of its column, or the one that stands by its numbers, or the
    /// one of all rows. What stands by a number must not contradict.
    pub(crate) fn currency(
        &self,
        row: &Row,
        beside: &[(usize, Currency)],
        problems: &mut Vec<Problem>,
    ) -> String {
        let (cell, _) = key::clean(self.layout.cell(row, Role::Currency));
        let mut code = self.currency.as_str();
        if !cell.is_empty() {
            let Some(stated) = currency::parse(&cell).or_else(|| sign::of_sign(&cell)) else {
                problems.push(self.problem(
                    Role::Currency,
                    ProblemReason::CurrencyUnknown,
                    "not an ISO 4217 currency such as GBP or CNY",
                ));
                return String::new();
            };
            code = stated;
        } else if let Some(only) = beside.iter().find_map(|(_, sign)| sign.only()) {
            code = only;
        }
        for (place, sign) in beside {
            if !sign.may_be(code) {
                let text = format!(
                    "{} stands by the number, and the row is in {code}: state the currency in a \
                     column, or as currency in the mapping",
                    sign.text()
                );
                let column = &self.layout.header[*place];
                problems.push(problem(column, ProblemReason::CurrencyUnknown, &text));
            }
        }
        code.to_owned()
    }

    /// The number of a role that is no share, when it has one.
    pub(crate) fn number(
        &mut self,
        row: &Row,
        role: Role,
        beside: &mut Vec<(usize, Currency)>,
        problems: &mut Vec<Problem>,
    ) -> Option<Decimal> {
        let Some(place) = self.layout.place(role) else {
            // The mapping was checked for it.
            return self.layout.constant(role)?.parse().ok();
        };
        let number = self.number_at(row, place, beside, problems)?;
        if number.percent {
            let text = "a share in percent can be a discount alone";
            problems.push(self.problem(role, ProblemReason::NumberInvalid, text));
            return None;
        }
        Some(number.value)
    }

    /// The number in a column.
    pub(crate) fn number_at(
        &mut self,
        row: &Row,
        place: usize,
        beside: &mut Vec<(usize, Currency)>,
        problems: &mut Vec<Problem>,
    ) -> Option<Number> {
        let cell = self.cleaned.key(row.cell(place));
        if cell.is_empty() {
            return None;
        }
        let format = self.numbers.iter().find(|(of, _)| *of == place).map(|(_, format)| *format);
        let read = format.ok_or(NotRead::Invalid).and_then(|f| f.parse(&cell, &mut self.cleaned));
        let error = match read {
            Ok(number) if Money::from_decimal(number.value).is_ok() => {
                beside.extend(number.currency.map(|currency| (place, currency)));
                return Some(number);
            }
            Ok(_) => NotRead::OutOfRange,
            Err(error) => error,
        };
        let (reason, text) = explain_number(error);
        problems.push(problem(&self.layout.header[place], reason, text));
        None
    }

    /// A problem of the column of a role.
    pub(crate) fn problem(&self, role: Role, reason: ProblemReason, description: &str) -> Problem {
        problem(self.layout.column(role), reason, description)
    }
}

fn explain_date(cell: &str, error: NotADate) -> (ProblemReason, Cow<'static, str>) {
    let text = match error {
        NotADate::OutOfRange => {
            return (ProblemReason::OutOfRange, "the year must be of 1900 to 2200".into());
        }
        NotADate::Invalid => {
            "no such date, or not in a form that is known: correct it, or state \
                              date_formats in the mapping"
        }
        NotADate::Ambiguous => {
            "day and month may be the other way round, and no date of the \
                                column tells: state date_formats in the mapping, such as \
                                [\"%d/%m/%Y\"] or [\"%m/%d/%Y\"]"
        }
        NotADate::Mixed => {
            "the column has dates with the day first and dates with the month \
                            first: state date_formats in the mapping, such as [\"%d/%m/%Y\"]"
        }
        NotADate::Number => return (ProblemReason::DateInvalid, problem::of_count(cell).into()),
    };
    (ProblemReason::DateInvalid, text.into())
}

fn explain_number(error: NotRead) -> (ProblemReason, &'static str) {
    let text = match error {
        NotRead::OutOfRange => {
            let text = "at most 922,337,203,685,477.5807 in either direction is possible";
            return (ProblemReason::OutOfRange, text);
        }
        NotRead::Invalid => {
            "not a number, or not one as the other numbers of the column are \
                             written: correct it, or state decimal_comma in the mapping"
        }
        NotRead::Ambiguous => {
            "it may have decimals or thousands, and no number of the column \
                               tells: state decimal_comma = true (1,250 is 1.25) or false in the \
                               mapping"
        }
        NotRead::Mixed => {
            "the column has numbers with a decimal point and numbers with a decimal \
                           comma: state decimal_comma = true or false in the mapping"
        }
    };
    (ProblemReason::NumberInvalid, text)
}

/// An amount without its currency, which is that of the order.
pub(crate) fn money(number: Decimal) -> Option<google::Money> {
    let (units, nanos) = Money::from_decimal(number).ok()?.units_nanos();
    Some(google::Money { currency_code: String::new(), units, nanos })
}
