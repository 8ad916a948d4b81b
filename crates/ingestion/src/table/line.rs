//! Reads a row as a line of an order.

use chrono::{DateTime, Utc};
use kehu_contract::google::r#type as google;
use kehu_contract::ingestion::{OrderLine, Problem, ProblemReason};
use kehu_core::{Money, Quantity, currency};
use rust_decimal::Decimal;

use super::clean::Cleaned;
use super::columns::{Layout, Role};
use super::date::{Dates, NotADate};
use super::kind::{Kinds, RowKind};
use super::number::NumberFormat;
use super::problem::problem;
use super::row::Row;
use super::{customer, text};
use crate::decimal::NotANumber;
use crate::{amount, limits};

/// Reads rows.
#[derive(Debug)]
pub(super) struct LineReader {
    pub(super) layout: Layout,
    pub(super) numbers: NumberFormat,
    pub(super) dates: Dates,
    pub(super) kinds: Kinds,
    /// The currency of rows that state none.
    pub(super) currency: String,
    pub(super) cleaned: Cleaned,
}

/// What was read of a row. With problems it is not to be used as a line, but what could be read
/// still counts.
#[derive(Debug)]
pub(super) struct ReadLine {
    pub(super) order: String,
    pub(super) customer: String,
    pub(super) at: DateTime<Utc>,
    pub(super) kind: RowKind,
    pub(super) currency: String,
    pub(super) channel: String,
    pub(super) quantity: Option<Decimal>,
    pub(super) unit_price: Option<Decimal>,
    pub(super) amount: Option<Money>,
    pub(super) line: OrderLine,
    pub(super) problems: Vec<Problem>,
}

impl LineReader {
    /// Reads a row that has the cells of the header.
    pub(super) fn read(&mut self, row: &Row) -> ReadLine {
        let mut problems = Vec::new();
        let order = self.key(row, &mut problems);
        let customer = self.customer(row, &mut problems);
        let at = self.date(row, &mut problems);
        let kind = self.kinds.of(&order, self.cell(row, Role::Status));
        let currency = self.currency(row, &mut problems);
        let numbers = self.numbers(row, kind, &mut problems);
        let channel = self.text(row, Role::Channel, limits::TEXT, &mut problems);
        let mut line = OrderLine {
            line_number: i64::try_from(row.line).unwrap_or(i64::MAX),
            product_code: self.text(row, Role::Product, limits::PRODUCT, &mut problems),
            description: self.text(row, Role::Description, limits::DESCRIPTION, &mut problems),
            category: self.text(row, Role::Category, limits::TEXT, &mut problems),
            brand: self.text(row, Role::Brand, limits::TEXT, &mut problems),
            ..OrderLine::default()
        };
        numbers.fill(&mut line);
        ReadLine {
            order,
            customer,
            at,
            kind,
            currency,
            channel,
            quantity: numbers.quantity,
            unit_price: numbers.unit_price,
            amount: numbers.line_amount,
            line,
            problems,
        }
    }

    fn cell<'a>(&self, row: &'a Row, role: Role) -> &'a str {
        self.layout.place(role).map_or("", |place| row.cell(place))
    }

    fn text(&mut self, row: &Row, role: Role, limit: usize, problems: &mut Vec<Problem>) -> String {
        let cell = self.cell(row, role);
        if cell.is_empty() {
            return String::new();
        }
        text::clean(cell, self.layout.column(role), limit, &mut self.cleaned, problems)
    }

    fn key(&mut self, row: &Row, problems: &mut Vec<Problem>) -> String {
        let key = self.text(row, Role::OrderId, limits::KEY, problems);
        if self.cell(row, Role::OrderId).trim().is_empty() {
            problems.push(self.problem(
                Role::OrderId,
                ProblemReason::FieldMissing,
                "the row names no order",
            ));
        }
        key
    }

    fn customer(&mut self, row: &Row, problems: &mut Vec<Problem>) -> String {
        let cell = self.cell(row, Role::CustomerId);
        let column = self.layout.column(Role::CustomerId);
        customer::key(cell, column, &mut self.cleaned, problems)
    }

    fn date(&mut self, row: &Row, problems: &mut Vec<Problem>) -> DateTime<Utc> {
        let (date, time) = (self.cell(row, Role::Date).trim(), self.cell(row, Role::Time).trim());
        if date.is_empty() {
            let text = "the row has no date";
            problems.push(self.problem(Role::Date, ProblemReason::FieldMissing, text));
            return DateTime::UNIX_EPOCH;
        }
        let read = if time.is_empty() {
            self.dates.parse(date)
        } else {
            self.dates.parse(&format!("{date} {time}"))
        };
        read.unwrap_or_else(|error| {
            let (reason, text) = match error {
                NotADate::Invalid => (
                    ProblemReason::DateInvalid,
                    "no such date, or not in a form that the mapping states: correct it",
                ),
                NotADate::OutOfRange => {
                    (ProblemReason::OutOfRange, "the year must be of 1900 to 2200")
                }
            };
            problems.push(self.problem(Role::Date, reason, text));
            DateTime::UNIX_EPOCH
        })
    }

    fn currency(&self, row: &Row, problems: &mut Vec<Problem>) -> String {
        let cell = self.cell(row, Role::Currency).trim();
        if cell.is_empty() {
            return self.currency.clone();
        }
        if let Some(code) = currency::parse(cell) {
            return code.to_owned();
        }
        problems.push(self.problem(
            Role::Currency,
            ProblemReason::CurrencyUnknown,
            "not an ISO 4217 currency such as GBP or CNY",
        ));
        String::new()
    }

    fn numbers(&mut self, row: &Row, kind: RowKind, problems: &mut Vec<Problem>) -> Numbers {
        let quantity = self.number(row, Role::Quantity, problems);
        let unit_price = self.number(row, Role::UnitPrice, problems);
        let amount = self.number(row, Role::Amount, problems);
        let discount = self.discount(row, problems);
        self.require(row, problems);
        if unit_price.is_some_and(|price| price < Decimal::ZERO) && kind != RowKind::Adjustment {
            let text = "a price below zero is possible only in an adjustment";
            problems.push(self.problem(Role::UnitPrice, ProblemReason::PriceNegative, text));
        }
        if discount.is_some_and(|discount| discount < Decimal::ZERO) {
            let text = "a discount must not be below zero: state what is taken off";
            problems.push(self.problem(Role::Discount, ProblemReason::OutOfRange, text));
        }
        let line_amount = self.amount(quantity, unit_price, amount, discount, problems);
        let quantity = quantity
            .or_else(|| self.layout.place(Role::Quantity).is_none().then_some(Decimal::ONE));
        Numbers { quantity, unit_price, amount, discount, line_amount }
    }

    /// Notes the numbers that a line needs and the row leaves empty.
    fn require(&self, row: &Row, problems: &mut Vec<Problem>) {
        let is_empty = |role: Role| {
            self.layout.place(role).is_some_and(|place| row.cell(place).trim().is_empty())
        };
        let has_amount = self.layout.place(Role::Amount).is_some() && !is_empty(Role::Amount);
        let mut missing = Vec::new();
        if is_empty(Role::Quantity) {
            missing.push(Role::Quantity);
        }
        if !has_amount {
            let price = self.layout.place(Role::UnitPrice).map(|_| Role::UnitPrice);
            match price {
                Some(price) if is_empty(price) => missing.push(price),
                Some(_) => {}
                None => missing.push(Role::Amount),
            }
        }
        for role in missing {
            let text = "the row needs this number";
            problems.push(self.problem(role, ProblemReason::FieldMissing, text));
        }
    }

    fn number(&mut self, row: &Row, role: Role, problems: &mut Vec<Problem>) -> Option<Decimal> {
        let place = self.layout.place(role)?;
        self.number_at(row, place, problems)
    }

    fn number_at(
        &mut self,
        row: &Row,
        place: usize,
        problems: &mut Vec<Problem>,
    ) -> Option<Decimal> {
        let cell = row.cell(place).trim();
        if cell.is_empty() {
            return None;
        }
        let error = match self.numbers.parse(cell, &mut self.cleaned) {
            Ok(number) if Money::from_decimal(number).is_ok() => return Some(number),
            Ok(_) => NotANumber::OutOfRange,
            Err(error) => error,
        };
        let (reason, text) = match error {
            NotANumber::Invalid => {
                (ProblemReason::NumberInvalid, "not a number in the form that the mapping states")
            }
            NotANumber::OutOfRange => (
                ProblemReason::OutOfRange,
                "at most 922,337,203,685,477.5807 in either direction is possible",
            ),
        };
        problems.push(problem(&self.layout.header[place], reason, text));
        None
    }

    /// The discounts of a row added up, when there is at least one.
    fn discount(&mut self, row: &Row, problems: &mut Vec<Problem>) -> Option<Decimal> {
        let mut sum = None;
        for at in 0..self.layout.discounts.len() {
            let place = self.layout.discounts[at];
            if let Some(number) = self.number_at(row, place, problems) {
                sum = Some(sum.unwrap_or(Decimal::ZERO) + number);
            }
        }
        sum
    }

    fn amount(
        &self,
        quantity: Option<Decimal>,
        unit_price: Option<Decimal>,
        amount: Option<Decimal>,
        discount: Option<Decimal>,
        problems: &mut Vec<Problem>,
    ) -> Option<Money> {
        if let Some(amount) = amount {
            return Money::from_decimal(amount).ok();
        }
        let quantity = Quantity::from_decimal(quantity?).ok()?;
        let unit_price = Money::from_decimal(unit_price?).ok()?;
        let discount = discount.and_then(|discount| Money::from_decimal(discount).ok());
        let product = amount::of_line(quantity, unit_price, discount);
        if product.is_err() {
            let text = "quantity times price does not fit";
            problems.push(self.problem(Role::UnitPrice, ProblemReason::OutOfRange, text));
        }
        product.ok()
    }

    fn problem(&self, role: Role, reason: ProblemReason, description: &str) -> Problem {
        problem(self.layout.column(role), reason, description)
    }
}

/// The numbers of a row that could be read.
struct Numbers {
    quantity: Option<Decimal>,
    unit_price: Option<Decimal>,
    amount: Option<Decimal>,
    discount: Option<Decimal>,
    line_amount: Option<Money>,
}

impl Numbers {
    fn fill(&self, line: &mut OrderLine) {
        line.quantity = self.quantity.map(|number| google::Decimal { value: number.to_string() });
        line.unit_price = self.unit_price.and_then(money);
        line.amount = self.amount.and_then(money);
        line.discount = self.discount.and_then(money);
    }
}

/// An amount without its currency, which is that of the order.
fn money(number: Decimal) -> Option<google::Money> {
    let (units, nanos) = Money::from_decimal(number).ok()?.units_nanos();
    Some(google::Money { currency_code: String::new(), units, nanos })
}
