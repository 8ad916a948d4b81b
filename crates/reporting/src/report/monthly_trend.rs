//! Orders, amounts and customers month by month, and their totals.

use chrono::{Months, NaiveDate};
use kehu_core::{CustomerId, calendar};
use kehu_storage::ingestion::OrderKind;
use rust_decimal::Decimal;
use std::collections::{BTreeMap, BTreeSet};

/// One order that was not cancelled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// Whose it is.
    pub customer: CustomerId,
    /// Its business date.
    pub ordered_on: NaiveDate,
    /// What it is.
    pub kind: OrderKind,
    /// Its amount in the base currency; of a return negative.
    pub amount: Decimal,
}

/// Sums over the orders up to a date.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Totals {
    /// Completed orders: sales with an amount above zero.
    pub orders: i64,
    /// Customers with a completed order.
    pub customers: i64,
    /// Amount of completed orders, before returns.
    pub ordered: Decimal,
    /// Amount of sales and adjustments.
    pub sales: Decimal,
    /// Amount that came back, above zero.
    pub returns: Decimal,
}

/// Figures of one month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MonthFigures {
    /// First day of the month.
    pub month: NaiveDate,
    /// Sums over its orders.
    pub totals: Totals,
    /// Customers whose first completed order is in it.
    pub new_customers: i64,
}

/// Collects orders by month. Orders may come in any order.
#[derive(Debug, Clone)]
pub struct MonthlyTrend {
    first: NaiveDate,
    as_of: NaiveDate,
    months: BTreeMap<NaiveDate, (Totals, BTreeSet<CustomerId>)>,
    first_orders: BTreeMap<CustomerId, NaiveDate>,
    totals: Totals,
}

impl Order {
    /// It is a completed order: a sale with an amount above zero.
    pub fn is_completed(&self) -> bool {
        self.kind == OrderKind::Sale && self.amount > Decimal::ZERO
    }
}

impl Totals {
    /// Sales less returns.
    pub fn net(&self) -> Decimal {
        self.sales - self.returns
    }

    fn add(&mut self, order: &Order) {
        match order.kind {
            OrderKind::Sale | OrderKind::Adjustment => self.sales += order.amount,
            OrderKind::Return => self.returns -= order.amount,
        }
        if order.is_completed() {
            self.orders += 1;
            self.ordered += order.amount;
        }
    }
}

impl MonthlyTrend {
    /// An empty trend of `month_count` months (at least 1), the last that of `as_of`.
    pub fn new(as_of: NaiveDate, month_count: u32) -> Self {
        let last = calendar::month_start(as_of);
        let back = Months::new(month_count.saturating_sub(1));
        let first = last.checked_sub_months(back).unwrap_or(last);
        Self {
            first,
            as_of,
            months: BTreeMap::new(),
            first_orders: BTreeMap::new(),
            totals: Totals::default(),
        }
    }

    /// Counts one order; orders after the date are left out.
    pub fn add(&mut self, order: &Order) {
        if order.ordered_on > self.as_of {
            return;
        }
        self.totals.add(order);
        if order.is_completed() {
            let first = self.first_orders.entry(order.customer).or_insert(order.ordered_on);
            *first = (*first).min(order.ordered_on);
        }
        let month = calendar::month_start(order.ordered_on);
        if month < self.first {
            return;
        }
        let (totals, customers) = self.months.entry(month).or_default();
        totals.add(order);
        if order.is_completed() {
            customers.insert(order.customer);
        }
    }

    /// The months from the earliest on, those without orders too; the last is cut at the
    /// business date.
    pub fn months(&self) -> Vec<MonthFigures> {
        let mut new_customers: BTreeMap<NaiveDate, i64> = BTreeMap::new();
        for first in self.first_orders.values() {
            *new_customers.entry(calendar::month_start(*first)).or_default() += 1;
        }
        let mut months = Vec::new();
        let mut month = self.first;
        while month <= self.as_of {
            let (mut totals, customers) = self.months.get(&month).cloned().unwrap_or_default();
            totals.customers = count(customers.len());
            let new_customers = new_customers.get(&month).copied().unwrap_or_default();
            months.push(MonthFigures { month, totals, new_customers });
            let Some(next) = month.checked_add_months(Months::new(1)) else { break };
            month = next;
        }
        months
    }

    /// Sums over all orders up to the date, those before the first month too.
    pub fn totals(&self) -> Totals {
        Totals { customers: count(self.first_orders.len()), ..self.totals.clone() }
    }
}

fn count(length: usize) -> i64 {
    i64::try_from(length).expect("no more rows than i64 ids")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn order(customer: i64, on: &str, kind: OrderKind, amount: &str) -> Order {
        let amount = amount.parse().unwrap();
        Order { customer: CustomerId(customer), ordered_on: day(on), kind, amount }
    }

    fn sample() -> Vec<Order> {
        use OrderKind::{Adjustment, Return, Sale};
        vec![
            order(1, "2011-02-03", Sale, "10"),
            order(1, "2010-12-31", Sale, "5"),
            order(2, "2011-02-28", Sale, "7.50"),
            order(2, "2011-02-01", Sale, "0"),
            order(2, "2011-02-11", Return, "-2.50"),
            order(3, "2011-04-01", Sale, "100"),
            order(3, "2011-04-02", Adjustment, "-1"),
            order(3, "2011-04-11", Sale, "1000"),
        ]
    }

    #[test]
    fn months_without_orders_are_there() {
        let mut trend = MonthlyTrend::new(day("2011-04-10"), 3);
        sample().iter().for_each(|order| trend.add(order));
        let months = trend.months();
        let starts: Vec<_> = months.iter().map(|it| it.month.to_string()).collect();
        assert_eq!(starts, ["2011-02-01", "2011-03-01", "2011-04-01"]);

        let february = &months[0];
        assert_eq!((february.totals.orders, february.totals.customers), (2, 2));
        assert_eq!(february.new_customers, 1);
        assert_eq!(february.totals.sales.to_string(), "17.50");
        assert_eq!(february.totals.returns.to_string(), "2.50");
        assert_eq!(months[1].totals, Totals::default());
        let april = &months[2].totals;
        assert_eq!((april.orders, april.sales), (1, Decimal::from(99)));
    }

    #[test]
    fn totals_reach_back_before_the_first_month() {
        let mut trend = MonthlyTrend::new(day("2011-04-10"), 1);
        sample().iter().rev().for_each(|order| trend.add(order));
        let totals = trend.totals();
        assert_eq!((totals.orders, totals.customers), (4, 3));
        assert_eq!(totals.net().to_string(), "119.00");
        assert_eq!(totals.ordered.to_string(), "122.50");
        assert_eq!(trend.months().len(), 1);
    }
}
