//! What a file holds, counted while it is read.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde::Serialize;

/// Counts of everything that was read from a file, whether it was sent or not: an import that
/// is resumed counts the same as one that ran through.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Profile {
    /// Rows below the header.
    pub lines: u64,
    /// Different keys of orders.
    pub orders: u64,
    /// Different keys of customers.
    pub customers: u64,
    /// Different countries, as given.
    pub countries: u64,
    /// Rows that name no customer.
    pub lines_without_customer: u64,
    /// Rows without a description; 0 when there is no such column.
    pub lines_without_description: u64,
    /// Rows of cancelled sales, by the prefix of the order's key or its status.
    pub cancellation_lines: u64,
    /// The orders they belong to.
    pub cancellation_orders: u64,
    /// Rows of adjustments, by the prefix of the order's key or its status.
    pub adjustment_lines: u64,
    /// Rows with a quantity below zero.
    pub negative_quantities: u64,
    /// Rows with a price below zero.
    pub negative_prices: u64,
    /// Rows with a price of zero.
    pub zero_prices: u64,
    /// Rows that repeat an earlier one, character by character. They are read all the same.
    pub repeated_lines: u64,
    /// When the first of the orders that were read well was placed, returns included; `None`
    /// without any.
    #[serde(skip)]
    pub first_order_at: Option<DateTime<Utc>>,
    /// When the last of them was placed.
    #[serde(skip)]
    pub last_order_at: Option<DateTime<Utc>>,
    /// The amounts of all rows that have one, refused or not, added up whatever their currency.
    pub total_amount: Decimal,
    /// What was read well.
    pub read: Vec<Tally>,
    /// Rows that were refused, by the reason that is found first, as in the contract.
    pub refused: BTreeMap<String, u64>,
    /// Cells that were changed to be read, by the rule that changed them.
    pub cleaned: BTreeMap<&'static str, u64>,
}

/// Orders of one kind and currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// `sale`, `return`, `adjustment`, or `cancelled` for sales called off.
    pub kind: &'static str,
    /// ISO 4217.
    pub currency: String,
    /// Orders.
    pub orders: u64,
    /// Their lines.
    pub lines: u64,
    /// Their amount; that of returns is negative.
    pub amount: Decimal,
}

impl Profile {
    /// Adds an order that was read well.
    pub(super) fn add_order(
        &mut self,
        kind: &'static str,
        currency: &str,
        lines: u64,
        amount: Decimal,
    ) {
        let tally =
            self.read.iter_mut().find(|tally| tally.kind == kind && tally.currency == currency);
        if let Some(tally) = tally {
            tally.orders += 1;
            tally.lines += lines;
            tally.amount += amount;
        } else {
            let currency = currency.to_owned();
            self.read.push(Tally { kind, currency, orders: 1, lines, amount });
        }
    }

    /// Adds the time of an order that was read well.
    pub(super) fn add_time(&mut self, at: DateTime<Utc>) {
        self.first_order_at = Some(self.first_order_at.map_or(at, |known| known.min(at)));
        self.last_order_at = Some(self.last_order_at.map_or(at, |known| known.max(at)));
    }

    /// Adds a refused row.
    pub(super) fn add_refused(&mut self, reason: &str) {
        if let Some(count) = self.refused.get_mut(reason) {
            *count += 1;
        } else {
            self.refused.insert(reason.to_owned(), 1);
        }
    }
}

/// Different values that have occurred.
#[derive(Debug, Default)]
pub(super) struct Distinct {
    values: BTreeSet<String>,
    /// Neighbouring rows have mostly the same value.
    last: String,
}

impl Distinct {
    pub(super) fn insert(&mut self, value: &str) {
        if self.last == value {
            return;
        }
        value.clone_into(&mut self.last);
        if !value.is_empty() && !self.values.contains(value) {
            self.values.insert(value.to_owned());
        }
    }

    pub(super) fn len(&self) -> u64 {
        self.values.len() as u64
    }
}
