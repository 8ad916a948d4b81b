//! What some customers bring.

use super::super::table::{Cell, Row};
use crate::ratio::{self, SHARE_SCALE};
use kehu_core::Value;
use rust_decimal::{Decimal, prelude::ToPrimitive};

/// The features that figures are made of, in the order of [`Figures::of`].
pub(super) const FEATURES: [&str; 5] =
    ["orders_365d", "amount_365d", "amount_730d", "profit_365d", "csat_mean_365d"];

/// Sums over customers.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Figures {
    pub(super) customers: i64,
    buyers: i64,
    orders: i64,
    pub(super) amount: Decimal,
    before: Decimal,
    /// `None` where no cost is known.
    profit: Option<Decimal>,
    answered: i64,
    points: Decimal,
}

impl Figures {
    /// Those of one customer, of the values of [`FEATURES`].
    pub(super) fn of(values: [&Value; FEATURES.len()]) -> Self {
        let [orders, amount, both, profit, points] = values.map(Value::number);
        let orders = orders.and_then(|orders| orders.to_i64()).unwrap_or_default();
        let amount = amount.unwrap_or_default();
        Self {
            customers: 1,
            buyers: i64::from(orders > 0),
            orders,
            amount,
            before: both.unwrap_or_default().saturating_sub(amount),
            profit,
            answered: i64::from(points.is_some()),
            points: points.unwrap_or_default(),
        }
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.customers += other.customers;
        self.buyers += other.buyers;
        self.orders = self.orders.saturating_add(other.orders);
        self.amount = self.amount.saturating_add(other.amount);
        self.before = self.before.saturating_add(other.before);
        if let Some(profit) = other.profit {
            self.profit = Some(self.profit.unwrap_or_default().saturating_add(profit));
        }
        self.answered += other.answered;
        self.points = self.points.saturating_add(other.points);
    }

    /// The cells of the columns from the number of customers on; `all` customers are in the group.
    pub(super) fn cells(&self, all: i64) -> Row {
        let points = self.points.checked_div(Decimal::from(self.answered));
        let grown = self.amount.saturating_sub(self.before);
        vec![
            Cell::Count(self.customers),
            Cell::optional(ratio::count_share(self.customers, all, SHARE_SCALE)),
            Cell::Count(self.buyers),
            Cell::Count(self.orders),
            Cell::Number(self.amount),
            Cell::Number(self.before),
            Cell::optional(ratio::share(grown, self.before, SHARE_SCALE)),
            Cell::optional(ratio::mean(self.amount, self.customers)),
            Cell::optional(self.profit),
            Cell::Count(self.answered),
            Cell::optional(points.map(|points| points.round_dp(SHARE_SCALE))),
        ]
    }
}
