//! What a batch holds, checked and ready to be written.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, Utc};
use kehu_core::{Money, Quantity, Rate};
use serde::{Deserialize, Serialize};

use super::Profile;
use crate::Error;

/// The records of one batch of a stream. They are written in one transaction, or not at all.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    /// Its place in the stream: 1 for the first, then one more each time.
    pub sequence: i64,
    /// The good records, in the order they came.
    pub entries: Vec<Entry>,
    /// Rows for what was refused, in the order it came; an order gives one a line.
    pub rejects: Vec<NewReject>,
    /// How many records were refused.
    pub rejected: i64,
}

/// One good record.
#[derive(Debug, Clone)]
pub enum Entry {
    /// A customer as its source knows it; what is empty leaves what is held as it is.
    Customer {
        /// The source's key of it.
        external_id: String,
        /// What is known about it.
        profile: Profile,
    },
    /// An order, whole.
    Order(NewOrder),
    /// The rate of a currency from a day on.
    Rate {
        /// ISO 4217.
        currency: String,
        /// The first day.
        start_on: NaiveDate,
        /// Units of the base currency for one unit.
        rate: Rate,
    },
}

/// What an order is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OrderKind {
    /// Goods sold.
    Sale,
    /// Goods that came back; its amount is negative.
    Return,
    /// A correction of the books.
    Adjustment,
}

/// How an order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OrderStatus {
    /// Carried out.
    Completed,
    /// Called off before it was carried out; never counts.
    Cancelled,
}

impl OrderKind {
    /// Its number in the table.
    pub fn number(self) -> i32 {
        match self {
            Self::Sale => 1,
            Self::Return => 2,
            Self::Adjustment => 3,
        }
    }

    pub(super) fn of(number: i32) -> Result<Self, Error> {
        match number {
            1 => Ok(Self::Sale),
            2 => Ok(Self::Return),
            3 => Ok(Self::Adjustment),
            _ => Err(Error::Corrupt(format!("{number} is no kind of order"))),
        }
    }
}

impl OrderStatus {
    /// Its number in the table.
    pub fn number(self) -> i32 {
        match self {
            Self::Completed => 1,
            Self::Cancelled => 2,
        }
    }

    pub(super) fn of(number: i32) -> Result<Self, Error> {
        match number {
            1 => Ok(Self::Completed),
            2 => Ok(Self::Cancelled),
            _ => Err(Error::Corrupt(format!("{number} is no status of an order"))),
        }
    }
}

/// An order that can be written.
#[derive(Debug, Clone)]
pub struct NewOrder {
    /// The source's key of it.
    pub external_id: String,
    /// The source's key of the customer, which is created when it is not known yet.
    pub customer: String,
    /// What it is.
    pub kind: OrderKind,
    /// How it stands.
    pub status: OrderStatus,
    /// When it was placed.
    pub ordered_at: DateTime<Utc>,
    /// Its business date.
    pub ordered_on: NaiveDate,
    /// Its local hour, 0 to 23.
    pub ordered_hour: i32,
    /// ISO 4217.
    pub currency: String,
    /// The sum of its lines.
    pub amount: Money,
    /// The sum of its lines in the base currency.
    pub base_amount: Money,
    /// Sales channel.
    pub channel: Option<String>,
    /// Its lines, 1 or more, each number once.
    pub lines: Vec<LineRow>,
    /// A digest of all the above: equal when the content is equal.
    pub digest: String,
    /// When its source last changed it, where the source says so: a version never takes the place
    /// of one that its source changed later.
    pub source_updated_at: Option<DateTime<Utc>>,
}

/// A line of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineRow {
    /// Its number in the order.
    pub line_number: i64,
    /// Product code.
    pub product: Option<String>,
    /// Product name.
    pub description: Option<String>,
    /// Product category.
    pub category: Option<String>,
    /// Brand.
    pub brand: Option<String>,
    /// Units; negative for what came back.
    pub quantity: Quantity,
    /// Price of one unit.
    pub unit_price: Money,
    /// What was taken off; `None` when it is not known.
    pub discount: Option<Money>,
    /// Amount after discount.
    pub amount: Money,
    /// The same in the base currency.
    pub base_amount: Money,
}

/// A refused record, or one line of a refused order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewReject {
    /// Line of the origin; 0 when it did not come from a file.
    pub line_number: i64,
    /// Everything that is wrong with it; at least one.
    pub problems: Vec<Problem>,
    /// The record as it came, at most 64 KiB.
    pub raw: String,
    /// Its length in bytes as it came.
    pub raw_length: i64,
}

/// One thing that is wrong with a record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// The field, in the words of the sender.
    pub field: String,
    /// The number of the contract's `ProblemReason`.
    pub reason: i32,
    /// What is wrong, for people.
    pub description: String,
}

impl Batch {
    /// The source's keys of all customers, each once, in the order of their first appearance.
    pub(super) fn customers(&self) -> Vec<&str> {
        let mut seen = BTreeSet::new();
        let mut customers = Vec::new();
        for entry in &self.entries {
            let external_id = match entry {
                Entry::Customer { external_id, .. } => external_id,
                Entry::Order(order) => &order.customer,
                Entry::Rate { .. } => continue,
            };
            if seen.insert(external_id.as_str()) {
                customers.push(external_id.as_str());
            }
        }
        customers
    }
}
