//! What a file holds, counted while it is read.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use kehu_contract::ingestion::ProblemReason;
use kehu_core::key;
use rust_decimal::Decimal;
use serde::Serialize;

/// So many groups of keys that look the same are told.
const LOOKALIKES: usize = 20;

/// Counts of everything that was read from a file, whether it was sent or not: an import that
/// is resumed counts the same as one that ran through. What was loaded of it ([`Profile::read`]
/// and the refused orders) is known to who sends the orders: see [`Profile::add_order`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Profile {
    /// The encoding of the file.
    pub encoding: String,
    /// How the file is to be read where that was found out and is not the usual: for people.
    pub found: Vec<String>,
    /// Rows below the header.
    pub lines: u64,
    /// What its records are, as a mapping names it.
    pub kind: &'static str,
    /// Different keys of orders; of invoices in a file of them, and 0 for other records.
    pub orders: u64,
    /// Orders none of whose rows was loaded.
    pub refused_orders: u64,
    /// Orders that were loaded and are dated after today: they count on their day.
    pub later_orders: u64,
    /// Different keys of customers.
    pub customers: u64,
    /// Keys of customers that look the same and are kept apart, for they differ in case or in
    /// the width of their letters: the first twenty of such groups.
    pub lookalikes: Vec<Vec<String>>,
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
    /// Rows without any cell filled, which were passed over.
    pub blank_lines: u64,
    /// Rows that repeat the header, which were passed over.
    pub header_lines: u64,
    /// The amounts of all rows that have one, refused or not, added up whatever their currency.
    pub total_amount: Decimal,
    /// What was loaded, or had been before.
    pub read: Vec<Tally>,
    /// Rows that were refused, by the reason that is found first, as in the contract.
    pub refused: BTreeMap<String, u64>,
    /// Cells that were changed to be read, by the rule that changed them.
    pub cleaned: BTreeMap<&'static str, u64>,
}

/// Orders of one kind and currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// `sale`, `return`, `adjustment`, or `cancelled` for sales called off; of other records what
    /// they are: `customer`, `invoice` …
    pub kind: &'static str,
    /// ISO 4217; empty for records without an amount.
    pub currency: String,
    /// Orders.
    pub orders: u64,
    /// Their lines.
    pub lines: u64,
    /// Their amount; that of returns is negative.
    pub amount: Decimal,
    /// Orders whose amount is zero: as sales they count as no order.
    pub empty: u64,
}

/// The figures of one order of a batch.
#[derive(Debug, Clone, PartialEq)]
pub struct OrderFigures {
    /// Its place among the records of the batch.
    pub record: usize,
    /// The line of its first row.
    pub line: i64,
    /// `sale`, `return`, `adjustment`, or `cancelled`; of other records what they are.
    pub kind: &'static str,
    /// ISO 4217.
    pub currency: String,
    /// Its lines.
    pub lines: u64,
    /// Its amount; that of a return is negative.
    pub amount: Decimal,
    /// When it was placed.
    pub at: DateTime<Utc>,
}

impl Profile {
    /// Adds an order that was loaded, or had been before; `later`, when it is dated after today.
    pub fn add_order(&mut self, order: &OrderFigures, later: bool) {
        self.later_orders += u64::from(later);
        self.add_tally(Tally {
            kind: order.kind,
            currency: order.currency.clone(),
            orders: 1,
            lines: order.lines,
            amount: order.amount,
            empty: u64::from(order.amount.is_zero()),
        });
    }

    fn add_tally(&mut self, add: Tally) {
        let same = |tally: &&mut Tally| tally.kind == add.kind && tally.currency == add.currency;
        if let Some(tally) = self.read.iter_mut().find(same) {
            tally.orders += add.orders;
            tally.lines += add.lines;
            tally.amount += add.amount;
            tally.empty += add.empty;
        } else {
            self.read.push(add);
        }
    }

    /// Adds an order that the server refused whole.
    pub fn refuse_order(&mut self, order: &OrderFigures, reason: ProblemReason) {
        self.add_refused(reason, order.lines);
    }

    /// Adds what became of orders, which was counted apart.
    pub fn with_orders(mut self, counted: Self) -> Self {
        for (reason, lines) in counted.refused {
            *self.refused.entry(reason).or_default() += lines;
        }
        self.later_orders += counted.later_orders;
        counted.read.into_iter().for_each(|tally| self.add_tally(tally));
        let loaded: u64 = self.read.iter().map(|tally| tally.orders).sum();
        self.refused_orders = self.orders.saturating_sub(loaded);
        self
    }

    /// Adds refused rows.
    pub(crate) fn add_refused(&mut self, reason: ProblemReason, lines: u64) {
        let name = reason.as_str_name().trim_start_matches("PROBLEM_REASON_");
        if let Some(count) = self.refused.get_mut(name) {
            *count += lines;
        } else {
            self.refused.insert(name.to_owned(), lines);
        }
    }
}

/// Different values that have occurred.
#[derive(Debug, Default)]
pub(crate) struct Distinct {
    values: BTreeSet<String>,
    /// Neighbouring rows have mostly the same value.
    last: String,
}

impl Distinct {
    pub(crate) fn insert(&mut self, value: &str) {
        if self.last == value {
            return;
        }
        value.clone_into(&mut self.last);
        if !value.is_empty() && !self.values.contains(value) {
            self.values.insert(value.to_owned());
        }
    }

    /// Values that look the same.
    pub(crate) fn lookalikes(&self) -> Vec<Vec<String>> {
        let mut groups: BTreeMap<String, Vec<&String>> = BTreeMap::new();
        for value in &self.values {
            groups.entry(key::look(value)).or_default().push(value);
        }
        let alike = groups.into_values().filter(|group| group.len() > 1).take(LOOKALIKES);
        alike.map(|group| group.into_iter().cloned().collect()).collect()
    }

    pub(crate) fn len(&self) -> u64 {
        self.values.len() as u64
    }
}
