//! Scores and their history, on two axes of time: true on business days, known at times.
//!
//! A score is kept as spans on lines, see [`crate::history`]. A span says from which day to which
//! its customer has the same grade, bins and values, but for values that grow by one a day of
//! themselves ([`kehu_core::scorecard::grows_daily`]); those, and the points that follow from
//! them, are computed for the day that is asked for. A later evaluation that says something else
//! closes the span and opens the next; an evaluation of a day within it supersedes it, and what
//! was known before stays on record.

mod codec;
mod columns;
mod line;
mod read;
mod record;

pub use crate::history::View;
pub use columns::{ScoreColumns, columns};
pub use line::{
    Begun, ScoreLine, begin_retraction, complete, in_force, is_seen, lines, pin, runs_under_way,
    through,
};
pub(crate) use read::Ready;
pub use read::{ScoreRecord, find, list, of_customers};
pub use record::{Evaluated, Evaluation, Scope, record, retract};
