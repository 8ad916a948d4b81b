//! The values that sources gave to the fields of customers, each with its source, its time there and
//! since when it is known.
//!
//! A value is a row, and stays on record. It is written when what a source says differs from what
//! the field had at that time of the source; that it was said again is noted in the row. Of the
//! values of a field the one holds that was said last at its source, of two of the same time the one
//! that came later (the greater version of the customer). What holds of all fields is the row of the
//! customer as well, which is what is read every day. A value stays with the customer whose reference
//! it came by; of customers that are merged into one, `fold` says what holds.

mod fold;
mod history;
mod list;
mod store;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use chrono::NaiveDate;

pub(crate) use fold::{Homes, together};
pub(super) use fold::{first_difference, fold, lists};
pub(super) use history::{Said, Saying, say};
pub use list::{FieldValue, ValueKey, list_values};
pub(crate) use store::load_read_by_features;
pub(super) use store::{load, write};

use super::profile::attribute_of;
use super::{FIRST_DAY, Field, NO_DAY};
use crate::{Error, time};

/// The fields that features read, besides attributes.
pub(crate) const READ_BY_FEATURES: [&str; 5] =
    ["customer_type", "region_code", "province", "city", "industry_code"];

/// Whether features read a field.
fn is_read(field: &str) -> bool {
    READ_BY_FEATURES.contains(&field) || attribute_of(field).is_some()
}

/// A value of a field, as it is kept. Times are microseconds since 1970, days are days since then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Value {
    /// `None` when the field was emptied.
    pub(crate) value: Option<String>,
    pub(super) source_id: i64,
    /// When its source said it first: when it came, where the source does not say.
    pub(super) said_at: i64,
    /// The business date from which on it holds.
    pub(crate) said_on: i32,
    /// When its source said it last; no other value lies between.
    pub(super) last_said_at: i64,
    /// The version of the customer that came with it.
    pub(super) version: i64,
    pub(super) recorded_at: i64,
    /// Until when it held; when it came, for one that never did.
    pub(super) superseded_at: Option<i64>,
    /// How the row of it is to be written.
    pub(super) row: Row,
}

/// How a row stands to what is in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Row {
    Kept,
    Changed,
    New,
}

/// The values of the fields of a customer, of each by time and version.
pub(crate) type Values = BTreeMap<String, Vec<Value>>;

/// The value of a field on a day, of values by time and version: of those from that day or before
/// the last one. Before the first day of all it is the one that the field had at the end of that
/// day, since what is known of somebody was mostly so before it was told.
pub(crate) fn on(values: &[Value], day: i32) -> Option<&Value> {
    let first = values.iter().map(|value| value.said_on).min()?;
    values.iter().rev().find(|value| value.said_on <= day.max(first))
}

/// The first day from which on what holds of all the fields that features read is what holds
/// now; `None` when it always did.
pub(super) fn moved_on(values: &Values) -> Option<i32> {
    let fields = values.iter().filter(|(field, _)| is_read(field));
    let moved = fields.filter_map(|(_, values)| {
        let first = values.iter().map(|value| value.said_on).min()?;
        values.last().map(|value| value.said_on).filter(|day| *day > first)
    });
    moved.max()
}

/// The first business date on which a change of a field may be seen by features; [`NO_DAY`] when
/// none reads it. `from` is the day from which on its new value holds, `None` for always.
pub(super) fn first_day(field: &str, from: Option<i32>) -> Result<NaiveDate, Error> {
    let seen = is_read(field) || field == Field::RegistrationDate.name();
    match from {
        _ if !seen => Ok(NO_DAY),
        Some(day) => time::date(day),
        None => Ok(FIRST_DAY),
    }
}
