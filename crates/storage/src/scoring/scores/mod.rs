//! Scores and their history, on two axes of time: true on business days, known at times.
//!
//! A score is kept as spans. A span says from which day to which its customer has the same
//! version, grade, bins and values, but for values that grow by one a day of themselves
//! ([`kehu_core::scorecard::grows_daily`]); those, and the points that follow from them, are
//! computed for the day that is asked for. A later evaluation that says something else closes
//! the span and opens the next; an evaluation of a day within it supersedes it, and what was
//! known before stays on record.
//!
//! That everybody was evaluated for a day leaves a [day](days) on record, so that it is known
//! how far a span that goes on was looked at.

mod codec;
mod columns;
mod days;
mod read;
mod record;
mod timeline;

use chrono::{DateTime, NaiveDate, Utc};

pub use columns::{ScoreColumns, columns};
pub use days::{EvaluatedDay, evaluated, evaluated_days, evaluated_through};
pub(crate) use read::Ready;
pub use read::{ScoreRecord, find, list};
pub use record::{Evaluated, Evaluation, Recorded, record};

/// Which scores of the history are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct View {
    /// The date they are true on; `None` for the latest of all.
    pub true_on: Option<NaiveDate>,
    /// The instant they were known at; `None` for now.
    pub known_at: Option<DateTime<Utc>>,
}
