//! Reads a row as a line of an order.

use chrono::{DateTime, Utc};
use kehu_contract::google::r#type as google;
use kehu_contract::ingestion::{OrderLine, Problem, ProblemReason};
use kehu_core::{Money, Quantity, amount, key, limits};
use rust_decimal::Decimal;

use crate::cells::{Cells, money};
use crate::clean::Rule;
use crate::columns::Role;
use crate::kind::{Kinds, RowKind};
use crate::problem::problem;
use crate::row::Row;
use crate::scan::date_cell;
use crate::sign::Currency;
use crate::text;
use crate::year::Years;

/// Reads rows.
#[derive(Debug)]
pub(crate) struct LineReader {
    pub(crate) cells: Cells,
    pub(crate) kinds: Kinds,
    /// Where order numbers begin anew each year.
    pub(crate) years: Option<Years>,
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
        let cells = &mut self.cells;
        let order = cells.key(row, Role::OrderId, &mut problems);
        if order.is_empty() && problems.is_empty() {
            let text = "the row names no order";
            problems.push(cells.problem(Role::OrderId, ProblemReason::FieldMissing, text));
        }
        let customer = cells.customer(row, &mut problems);
        let at = cells.needed_time(row, Role::Date, &mut problems);
        let kind = self.kinds.of(&order, cells.cell(row, Role::Status));
        let numbers = self.numbers(row, kind, &mut problems);
        let currency = self.cells.currency(row, &numbers.beside, &mut problems);
        let channel = self.cells.text(row, Role::Channel, limits::TEXT, &mut problems);
        let sale = self.sale(row, &order, &mut problems);
        let mut line = OrderLine {
            line_number: i64::try_from(row.line).unwrap_or(i64::MAX),
            product_code: self.cells.text(row, Role::Product, limits::PRODUCT, &mut problems),
            description: self.cells.text(
                row,
                Role::Description,
                limits::DESCRIPTION,
                &mut problems,
            ),
            category: self.cells.text(row, Role::Category, limits::TEXT, &mut problems),
            brand: self.cells.text(row, Role::Brand, limits::TEXT, &mut problems),
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

    fn sale(&mut self, row: &Row, order: &str, problems: &mut Vec<Problem>) -> String {
        let Some(place) = self.cells.layout.place(Role::SaleId) else { return String::new() };
        let key = self.cells.cleaned.key(row.cell(place));
        if key == order {
            return String::new();
        }
        text::check(key.into_owned(), self.cells.layout.column(Role::SaleId), limits::KEY, problems)
    }

    /// The keys of an order and of the sale that it takes back, with their years where numbers
    /// begin anew.
    fn of_year(&mut self, row: &Row, order: String, sale: String) -> (String, String) {
        let date = date_cell(self.cells.cell(row, Role::Date), self.cells.cell(row, Role::Time));
        let Some(years) = &mut self.years else { return (order, sale) };
        let (order, sale) = (years.key(&order, &date), years.sale_key(&sale, &date));
        let own = sale == order;
        (order, if own { String::new() } else { sale })
    }

    fn numbers(&mut self, row: &Row, kind: RowKind, problems: &mut Vec<Problem>) -> Numbers {
        let mut beside = Vec::new();
        let quantity = self.cells.number(row, Role::Quantity, &mut beside, problems);
        let unit_price = self.cells.number(row, Role::UnitPrice, &mut beside, problems);
        let amount = self.cells.number(row, Role::Amount, &mut beside, problems);
        let unit_cost = self.cells.number(row, Role::UnitCost, &mut beside, problems);
        let cost = self.cells.number(row, Role::Cost, &mut beside, problems);
        let gross = quantity.zip(unit_price);
        let discount = self.discount(row, gross, &mut beside, problems);
        self.require(row, problems);
        if unit_price.is_some_and(|price| price < Decimal::ZERO) && kind != RowKind::Adjustment {
            let text = "a price below zero is possible only in an adjustment";
            problems.push(self.cells.problem(Role::UnitPrice, ProblemReason::PriceNegative, text));
        }
        if discount.is_some_and(|discount| discount < Decimal::ZERO) {
            let text = "a discount must not be below zero: state what is taken off";
            problems.push(self.cells.problem(Role::Discount, ProblemReason::OutOfRange, text));
        }
        if unit_cost.is_some_and(|cost| cost < Decimal::ZERO) {
            let text = "the cost of one unit must not be below zero";
            problems.push(self.cells.problem(Role::UnitCost, ProblemReason::OutOfRange, text));
        }
        let line_amount = self.amount(quantity, unit_price, amount, discount, problems);
        let quantity = quantity
            .or_else(|| self.cells.layout.place(Role::Quantity).is_none().then_some(Decimal::ONE));
        Numbers { quantity, unit_price, amount, unit_cost, cost, discount, line_amount, beside }
    }

    /// Notes the numbers that a line needs and the row leaves empty.
    fn require(&self, row: &Row, problems: &mut Vec<Problem>) {
        let is_empty = |role: Role| {
            self.cells
                .layout
                .place(role)
                .is_some_and(|place| key::clean(row.cell(place)).0.is_empty())
        };
        let has_amount = self.cells.layout.place(Role::Amount).is_some() && !is_empty(Role::Amount);
        let mut missing = Vec::new();
        if is_empty(Role::Quantity) {
            missing.push(Role::Quantity);
        }
        if !has_amount {
            let price = self.cells.layout.place(Role::UnitPrice).map(|_| Role::UnitPrice);
            match price {
                Some(price) if is_empty(price) => missing.push(price),
                Some(_) => {}
                None => missing.push(Role::Amount),
            }
        }
        for role in missing {
            let text = "the row needs this number";
            problems.push(self.cells.problem(role, ProblemReason::FieldMissing, text));
        }
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
        for at in 0..self.cells.layout.discounts.len() {
            let place = self.cells.layout.discounts[at];
            let Some(number) = self.cells.number_at(row, place, beside, problems) else { continue };
            let value =
                if number.percent { share(number.value, gross) } else { Some(number.value) };
            let Some(value) = value else {
                let text = "a discount in percent needs a quantity and a price to be a share of";
                let column = &self.cells.layout.header[place];
                problems.push(problem(column, ProblemReason::NumberInvalid, text));
                continue;
            };
            if number.percent {
                self.cells.cleaned.count(Rule::Percent);
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
            problems.push(self.cells.problem(Role::UnitPrice, ProblemReason::OutOfRange, text));
        }
        product.ok()
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
