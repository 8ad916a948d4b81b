//! What a view sees of a taxonomy.

use super::View;
use super::line::LEFT_OUT_NUMBER;
use crate::history::{self, Sight, Subject};
use crate::{Database, Error};

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

/// What a view sees; `None` when no line is in force then. A day beyond the last that was
/// evaluated has no answer.
pub(super) async fn sight_of(
    db: &Database,
    taxonomy: &str,
    view: View,
    seen: Seen,
) -> Result<Option<Sight>, Error> {
    let sight = history::sight(db, Subject::Classes, taxonomy, view).await?;
    let Some(mut sight) = sight else { return Ok(None) };
    let of_class = match seen {
        Seen::Members => format!(" AND class_no <> {LEFT_OUT_NUMBER}"),
        Seen::LeftOut => format!(" AND class_no = {LEFT_OUT_NUMBER}"),
    };
    sight.condition.push_str(&of_class);
    if let (Some(day), None) = (sight.day, sight.segment.to) {
        let (line_id, known_at) = (sight.segment.line_id, sight.known_at);
        if let Some(evaluated) = history::evaluated(db.reader(), line_id, day, known_at).await? {
            sight.condition.push_str(&format!(" AND {evaluated}"));
        }
    }
    Ok(Some(sight))
}
