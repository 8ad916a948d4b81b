//! What a view sees: one line, and the condition that its rows meet.

use super::View;
use super::line::LEFT_OUT_NUMBER;
use crate::history::{self, Segment, Subject};
use crate::{Database, Error, time};

/// The rows of a taxonomy that are true on a date as known at a time: `condition` chooses among
/// the columns of `class_span` those rows, at most one of a customer.
#[derive(Debug)]
pub(crate) struct Sight {
    pub(crate) condition: String,
    /// The line, and the days on which it is in force.
    pub(crate) segment: Segment,
    /// When it was known, in microseconds since 1970.
    pub(super) known_at: Option<i64>,
}

/// Who is seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seen {
    /// Those who have a class.
    Members,
    /// Those whom the taxonomy leaves out.
    LeftOut,
}

/// What a view sees of those who have a class; `None` when no line is in force then.
pub(crate) async fn sight(
    db: &Database,
    taxonomy: &str,
    view: View,
) -> Result<Option<Sight>, Error> {
    sight_of(db, taxonomy, view, Seen::Members).await
}

/// What a view sees; `None` when no line is in force then.
pub(super) async fn sight_of(
    db: &Database,
    taxonomy: &str,
    view: View,
    seen: Seen,
) -> Result<Option<Sight>, Error> {
    if let Some(known_at) = view.known_at {
        history::settle(db, known_at).await?;
    }
    let known_at = view.known_at.map(time::micros);
    let timeline = history::timeline(db.reader(), Subject::Classes, taxonomy, known_at).await?;
    let day = view.true_on.map(time::days);
    let segment = day.map_or(timeline.last(), |day| timeline.on(day));
    let Some(segment) = segment else { return Ok(None) };
    let line_id = segment.line_id;
    let of_class = match seen {
        Seen::Members => format!("class_no <> {LEFT_OUT_NUMBER}"),
        Seen::LeftOut => format!("class_no = {LEFT_OUT_NUMBER}"),
    };
    let mut conditions =
        vec![format!("line_id = {line_id}"), known(known_at), ends(day, known_at), of_class];
    if let Some(day) = day {
        conditions.push(format!("valid_from <= {day}"));
        if segment.to.is_none() {
            conditions.extend(history::evaluated(db.reader(), line_id, day, known_at).await?);
        }
    }
    Ok(Some(Sight { condition: conditions.join(" AND "), segment: segment.clone(), known_at }))
}

/// Rows that stood at the time.
fn known(known_at: Option<i64>) -> String {
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
