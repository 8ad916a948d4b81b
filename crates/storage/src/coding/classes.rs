//! The classes of customers on two axes of time.
//!
//! A row is a stay: a customer, a line (see [`crate::history`]), a class, the days it is true on
//! and the time it was known. A day on which nothing moves writes no row. Of what is known now
//! the stays of a customer follow each other without gap or overlap, the last one is open.
//!
//! A move forward closes the open stay in place and notes when that became known
//! (`closed_known`): who asks for what was known before still sees it open. What restates the
//! past supersedes rows (`known_to`) and inserts the right ones.
//!
//! A customer of whom a predicate cannot be told is left out of the taxonomy: a stay like any
//! other, in no class, whose evidence says why.

mod counts;
mod line;
mod read;
mod record;
mod series;
mod sight;

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use kehu_core::{CustomerId, Value};

pub use crate::history::View;
pub use counts::{Move, count_left_out, counts, moves};
pub use line::{
    Begun, ClassLine, LEFT_OUT, begin_retraction, complete, in_force, is_seen, latest_classified,
};
pub(super) use line::{LEFT_OUT_NUMBER, class_numbers, number};
pub use read::{HistoryKey, at, evaluated_through, get, history, left_out, members, of_customers};
pub use record::{Evaluation, NewClass, Scope, record, retract};
pub use series::moves_through;
pub(crate) use sight::sight as seen;

/// A stay of a customer in a class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// Whose class it is.
    pub customer: CustomerId,
    /// The id of the taxonomy.
    pub taxonomy: String,
    /// The number of the taxonomy's version, over all taxonomies.
    pub version_id: i64,
    /// The id of the class; [`LEFT_OUT`] when the taxonomy leaves the customer out.
    pub class: String,
    /// The columns that the taxonomy's predicates read, with the customer's values on the first
    /// day.
    pub evidence: BTreeMap<String, Value>,
    /// Why the customer is left out, for people; `None` when it is not.
    pub left_out: Option<String>,
    /// The first day it is true on.
    pub valid_from: NaiveDate,
    /// The first day it is no longer true on; `None` while no later one is known.
    pub valid_to: Option<NaiveDate>,
    /// The run that recorded it; `None` when it followed from a change.
    pub run_id: Option<i64>,
    /// When it became known.
    pub recorded_at: DateTime<Utc>,
    /// When other classes took its place; `None` while it stands.
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
    /// The first day it is true on, in days since 1970-01-01.
    pub valid_from: Vec<i32>,
}
