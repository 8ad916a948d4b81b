//! The classes of customers on two axes of time.
//!
//! A row is one evaluation: a customer, a taxonomy, the date it is true on (`as_of`), when it
//! was recorded and when a later evaluation for the same date superseded it. The class true on
//! a date as known at a time is the row with the latest `as_of` not after the date, among those
//! that stood at that time.

mod read;
mod record;

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use kehu_core::{CustomerId, Value};

pub use crate::scoring::scores::View;
pub use read::{at, get, history, latest_dates, members};
pub use record::{Before, NewAssignment, before, record};

/// A customer's class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// The number of the row; later rows have greater ones.
    pub assignment_id: i64,
    /// Whose class it is.
    pub customer: CustomerId,
    /// The id of the taxonomy.
    pub taxonomy: String,
    /// The number of the taxonomy's version, over all taxonomies.
    pub version_id: i64,
    /// The id of the class.
    pub class: String,
    /// The columns that the taxonomy's predicates read, with the customer's values.
    pub evidence: BTreeMap<String, Value>,
    /// The date it was computed for: the first that it is true on.
    pub as_of: NaiveDate,
    /// The date of the next evaluation: the first that it is no longer true on. `None` while
    /// there is no later one.
    pub valid_to: Option<NaiveDate>,
    /// The run that recorded it; `None` when it followed from a change.
    pub run_id: Option<i64>,
    /// When it was recorded.
    pub recorded_at: DateTime<Utc>,
    /// When another result for the same date took its place; `None` while it stands.
    pub superseded_at: Option<DateTime<Utc>>,
}

/// The classes of many customers under one taxonomy, in columns of equal length, by customer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ClassColumns {
    /// Customer ids, ascending, each once.
    pub customers: Vec<i64>,
    /// The id of each one's class.
    pub classes: Vec<String>,
    /// The number of the taxonomy's version that gave it.
    pub version_ids: Vec<i64>,
    /// The date it was computed for, in days since 1970-01-01.
    pub as_of: Vec<i32>,
}
