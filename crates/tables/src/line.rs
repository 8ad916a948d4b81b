//! Reads a row as a line of an order.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use kehu_contract::google::r#type as google;
use kehu_contract::ingestion::{OrderLine, Problem, ProblemReason};
use kehu_core::{Money, Quantity, amount, currency, key, limits};
use rust_decimal::Decimal;

use crate::clean::{Cleaned, Rule};
use crate::columns::{Layout, Role};
use crate::customer;
use crate::date::{Dates, NotADate};
use crate::kind::{Kinds, RowKind};
use crate::number::{NotRead, Number, NumberFormat};
use crate::problem::{self, problem};
use crate::row::Row;
use crate::scan::date_cell;
use crate::sign::{self, Currency};
use crate::text;
use crate::year::Years;

/// Reads rows.
#[derive(Debug)]
pub(crate) struct LineReader {
    pub(crate) layout: Layout,
    /// How the numbers of each column are written.
    pub(crate) numbers: Vec<(usize, NumberFormat)>,
    pub(crate) dates: Dates,
    pub(crate) kinds: Kinds,
    /// Where order numbers begin anew each year.
    pub(crate) years: Option<Years>,
    /// The currency of rows that state none.
    pub(crate) currency: String,
    pub(crate) cleaned: Cleaned,
}

/// What was read of a row. With problems it is not to be used as a line, but what could be read
/// still counts.
#[derive(Debug)]
pub(crate) struct ReadLine {
    pub(crate) order: String,
    pub(crate) customer: String,
    pub(crate) at: DateTime<Utc>,
    pub(crate) kind: RowKind,
    pub(crate) currency: String,
    pub(crate) channel: String,
    /// The key of the sale that it takes back; may be empty.
    pub(crate) sale: String,
    pub(crate) quantity: Option<Decimal>,
    pub(crate) unit_price: Option<Decimal>,
    pub(crate) amount: Option<Money>,
    pub(crate) line: OrderLine,
    pub(crate) problems: Vec<Problem>,
}

impl LineReader {
    /// Reads a row that has the cells of the header.
    pub(crate) fn read(&mut self, row: &Row) -> ReadLine {
        let mut problems = Vec::new();
        let order = self.key(row, &mut problems);
        let customer = self.customer(row, &mut problems);
        let at = self.date(row, &mut problems);
        let kind = self.kinds.of(&order, self.cell(row, Role::Status));
        let numbers = self.numbers(row, kind, &mut problems);
        let currency = self.currency(row, &numbers.beside, &mut problems);
        let channel = self.text(row, Role::Channel, limits::TEXT, &mut problems);
        let sale = self.sale(row, &order, &mut problems);
        let mut line = OrderLine {
            line_number: i64::try_from(row.line).unwrap_or(i64::MAX),
            product_code: self.text(row, Role::Product, limits::PRODUCT, &mut problems),
            description: self.text(row, Role::Description, limits::DESCRIPTION, &mut problems),
            category: self.text(row, Role::Category, limits::TEXT, &mut problems),
            brand: self.text(row, Role::Brand, limits::TEXT, &mut problems),
            ..OrderLine::default()
        };
        numbers.fill(&mut line);
        let (order, sale) = self.of_year(row, order, sale);
        ReadLine {
            order,
            customer,
            at,
            kind,
            currency,
            channel,
            sale,
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
        let key = self.cleaned.key(self.layout.place(Role::OrderId).map_or("", |p| row.cell(p)));
        if key.is_empty() {
            let text = "the row names no order";
            problems.push(self.problem(Role::OrderId, ProblemReason::FieldMissing, text));
        }
        text::check(key.into_owned(), self.layout.column(Role::OrderId), limits::KEY, problems)
    }

    fn sale(&mut self, row: &Row, order: &str, problems: &mut Vec<Problem>) -> String {
        let Some(place) = self.layout.place(Role::SaleId) else { return String::new() };
        let key = self.cleaned.key(row.cell(place));
        if key == order {
            return String::new();
        }
        text::check(key.into_owned(), self.layout.column(Role::SaleId), limits::KEY, problems)
    }

    /// The keys of an order and of the sale that it takes back, with their years where numbers
    /// begin anew.
    fn of_year(&mut self, row: &Row, order: String, sale: String) -> (String, String) {
        let date = date_cell(self.cell(row, Role::Date), self.cell(row, Role::Time));
        let Some(years) = &mut self.years else { return (order, sale) };
        let (order, sale) = (years.key(&order, &date), years.sale_key(&sale, &date));
        let own = sale == order;
        (order, if own { String::new() } else { sale })
    }

    fn customer(&mut self, row: &Row, problems: &mut Vec<Problem>) -> String {
        let cell = self.cell(row, Role::CustomerId);
        let column = self.layout.column(Role::CustomerId);
        customer::key(cell, column, &mut self.cleaned, problems)
    }

    fn date(&mut self, row: &Row, problems: &mut Vec<Problem>) -> DateTime<Utc> {
        let date = date_cell(self.cell(row, Role::Date), self.cell(row, Role::Time));
        if date.is_empty() {
            let text = "the row has no date";
            problems.push(self.problem(Role::Date, ProblemReason::FieldMissing, text));
            return DateTime::UNIX_EPOCH;
        }
        self.dates.parse(&date).unwrap_or_else(|error| {
            let (reason, text) = explain_date(&date, error);
            problems.push(self.problem(Role::Date, reason, &text));
            DateTime::UNIX_EPOCH
        })
    }

    /// The currency of a row: that of its column, or the one that stands by its numbers, or the
    /// one of all rows. What stands by a number must not contradict.
    fn currency(
        &self,
        row: &Row,
        beside: &[(usize, Currency)],
        problems: &mut Vec<Problem>,
    ) -> String {
        let (cell, _) = key::clean(self.cell(row, Role::Currency));
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

    fn numbers(&mut self, row: &Row, kind: RowKind, problems: &mut Vec<Problem>) -> Numbers {
        let mut beside = Vec::new();
        let quantity = self.number(row, Role::Quantity, &mut beside, problems);
        let unit_price = self.number(row, Role::UnitPrice, &mut beside, problems);
        let amount = self.number(row, Role::Amount, &mut beside, problems);
        let unit_cost = self.number(row, Role::UnitCost, &mut beside, problems);
        let cost = self.number(row, Role::Cost, &mut beside, problems);
        let gross = quantity.zip(unit_price);
        let discount = self.discount(row, gross, &mut beside, problems);
        self.require(row, problems);
        if unit_price.is_some_and(|price| price < Decimal::ZERO) && kind != RowKind::Adjustment {
            let text = "a price below zero is possible only in an adjustment";
            problems.push(self.problem(Role::UnitPrice, ProblemReason::PriceNegative, text));
        }
        if discount.is_some_and(|discount| discount < Decimal::ZERO) {
            let text = "a discount must not be below zero: state what is taken off";
            problems.push(self.problem(Role::Discount, ProblemReason::OutOfRange, text));
        }
        if unit_cost.is_some_and(|cost| cost < Decimal::ZERO) {
            let text = "the cost of one unit must not be below zero";
            problems.push(self.problem(Role::UnitCost, ProblemReason::OutOfRange, text));
        }
        let line_amount = self.amount(quantity, unit_price, amount, discount, problems);
        let quantity = quantity
            .or_else(|| self.layout.place(Role::Quantity).is_none().then_some(Decimal::ONE));
        Numbers { quantity, unit_price, amount, unit_cost, cost, discount, line_amount, beside }
    }

    /// Notes the numbers that a line needs and the row leaves empty.
    fn require(&self, row: &Row, problems: &mut Vec<Problem>) {
        let is_empty = |role: Role| {
            self.layout.place(role).is_some_and(|place| key::clean(row.cell(place)).0.is_empty())
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

    /// The number of a role that is no share, when it has one.
    fn number(
        &mut self,
        row: &Row,
        role: Role,
        beside: &mut Vec<(usize, Currency)>,
        problems: &mut Vec<Problem>,
    ) -> Option<Decimal> {
        let place = self.layout.place(role)?;
        let number = self.number_at(row, place, beside, problems)?;
        if number.percent {
            let text = "a share in percent can be a discount alone";
            problems.push(self.problem(role, ProblemReason::NumberInvalid, text));
            return None;
        }
        Some(number.value)
    }

    fn number_at(
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

    /// The discounts of a row added up, when there is at least one. One in percent is a share of
    /// `gross`, which is quantity and price.
    fn discount(
        &mut self,
        row: &Row,
        gross: Option<(Decimal, Decimal)>,
        beside: &mut Vec<(usize, Currency)>,
        problems: &mut Vec<Problem>,
    ) -> Option<Decimal> {
        let mut sum = None;
        for at in 0..self.layout.discounts.len() {
            let place = self.layout.discounts[at];
            let Some(number) = self.number_at(row, place, beside, problems) else { continue };
            let value =
                if number.percent { share(number.value, gross) } else { Some(number.value) };
            let Some(value) = value else {
                let text = "a discount in percent needs a quantity and a price to be a share of";
                let column = &self.layout.header[place];
                problems.push(problem(column, ProblemReason::NumberInvalid, text));
                continue;
            };
            if number.percent {
                self.cleaned.count(Rule::Percent);
            }
            sum = Some(sum.unwrap_or(Decimal::ZERO) + value);
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
    unit_cost: Option<Decimal>,
    cost: Option<Decimal>,
    discount: Option<Decimal>,
    line_amount: Option<Money>,
    /// The currencies that stand by them, with the places of their columns.
    beside: Vec<(usize, Currency)>,
}

/// So many percent of quantity times price, which take off as much of what came back.
fn share(percent: Decimal, gross: Option<(Decimal, Decimal)>) -> Option<Decimal> {
    let (quantity, price) = gross?;
    let gross = quantity.abs().checked_mul(price)?;
    gross.checked_mul(percent)?.checked_div(Decimal::ONE_HUNDRED)
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

impl Numbers {
    fn fill(&self, line: &mut OrderLine) {
        line.quantity = self.quantity.map(|number| google::Decimal { value: number.to_string() });
        line.unit_price = self.unit_price.and_then(money);
        line.amount = self.amount.and_then(money);
        line.discount = self.discount.and_then(money);
        line.unit_cost = self.unit_cost.and_then(money);
        line.cost = self.cost.and_then(money);
    }
}

/// An amount without its currency, which is that of the order.
fn money(number: Decimal) -> Option<google::Money> {
    let (units, nanos) = Money::from_decimal(number).ok()?.units_nanos();
    Some(google::Money { currency_code: String::new(), units, nanos })
}
