//! Scores and their history, on two time axes: `as_of` is the business date that a score is
//! true on; `recorded_at` to `superseded_at` is when it was known.
//!
//! A score is true on a date as known at an instant when, of the rows known at that instant, it
//! has the latest `as_of` up to that date.

mod codec;
mod columns;
mod read;
mod record;

use chrono::{DateTime, NaiveDate, Utc};

pub use columns::{ScoreColumns, columns};
pub use read::{ScoreRecord, find, latest_dates, list};
pub use record::{Evaluation, record};

/// Which scores of the history are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct View {
    /// The date they are true on; `None` for the latest of all.
    pub true_on: Option<NaiveDate>,
    /// The instant they were known at; `None` for now.
    pub known_at: Option<DateTime<Utc>>,
}
