//! What a view sees: one line, and the condition that its rows meet.

use chrono::{DateTime, NaiveDate, Utc};

use super::{Segment, Subject, settle, timeline};
use crate::{Database, Error, time};

/// What is asked for of a history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct View {
    /// The date it is true on; `None` for the latest of all.
    pub true_on: Option<NaiveDate>,
    /// The instant it was known at; `None` for now.
    pub known_at: Option<DateTime<Utc>>,
}

/// The spans of a definition that are true on a date as known at a time: `condition` chooses
/// them among the rows of all, at most one of a customer.
#[derive(Debug)]
pub(crate) struct Sight {
    pub(crate) condition: String,
    /// The line, and the days on which it is in force.
    pub(crate) segment: Segment,
    /// The date, in days since 1970-01-01.
    pub(crate) day: Option<i32>,
    /// When it was known, in microseconds since 1970.
    pub(crate) known_at: Option<i64>,
}

/// What a view sees; `None` when no line is in force then.
pub(crate) async fn sight(
    db: &Database,
    subject: Subject,
    name: &str,
    view: View,
) -> Result<Option<Sight>, Error> {
    if let Some(known_at) = view.known_at {
        settle(db, known_at).await?;
    }
    let known_at = view.known_at.map(time::micros);
    let timeline = timeline(db.reader(), subject, name, known_at).await?;
    let day = view.true_on.map(time::days);
    let segment = day.map_or(timeline.last(), |day| timeline.on(day));
    let Some(segment) = segment.cloned() else { return Ok(None) };
    let line_id = segment.line_id;
    let mut conditions = vec![format!("line_id = {line_id}"), known(known_at), ends(day, known_at)];
    if let Some(day) = day {
        conditions.push(format!("valid_from <= {day}"));
    }
    Ok(Some(Sight { condition: conditions.join(" AND "), segment, day, known_at }))
}

/// Rows that stood at the time.
pub(crate) fn known(known_at: Option<i64>) -> String {
    match known_at {
        None => "known_to IS NULL".to_owned(),
        Some(known_at) => {
            format!("known_from <= {known_at} AND (known_to IS NULL OR known_to > {known_at})")
        }
    }
}

/// Rows that are true on the day or a later one (open ones, when it is `None`), as far as their
/// end was known at the time.
fn ends(day: Option<i32>, known_at: Option<i64>) -> String {
    let later = day.map(|day| format!(" OR valid_to > {day}")).unwrap_or_default();
    let unknown = known_at.map(|known_at| format!(" OR closed_known > {known_at}"));
    format!("(valid_to IS NULL{later}{})", unknown.unwrap_or_default())
}
