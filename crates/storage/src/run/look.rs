//! Looking for work on runs, without writing anything.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::partition::{is_held, next_free, unfinished};
use super::{Kind, queue};
use crate::entity::{run, run_partition};
use crate::{Database, Error, time};

/// What there is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// Something on this run: [`super::lease`] a piece of it or, when it has no more, end it.
    Run {
        /// Its number.
        run_id: i64,
        /// Whether all of its pieces are finished.
        finished: bool,
    },
    /// Nothing before this time, unless somebody wakes the workers; `None` when nobody is at
    /// anything either.
    Nothing(Option<DateTime<Utc>>),
}

/// What there is to do on the runs of a kind: the first run by turn that has a free piece, that nobody
/// has ended though all is finished, or that nobody is at though it is to be cancelled. Runs that
/// the worker has set `aside`, because others must do them, are passed over, unless they are to
/// be cancelled.
pub async fn look(
    db: &Database,
    kind: &Kind,
    aside: &BTreeSet<i64>,
    now: DateTime<Utc>,
) -> Result<Look, Error> {
    let mut open = queue::in_turn(db, kind).await?;
    open.retain(|run| run.cancel_requested || !aside.contains(&run.run_id));
    let ids: Vec<i64> = open.iter().map(|run| run.run_id).collect();
    if ids.is_empty() {
        return Ok(Look::Nothing(None));
    }
    let mut pieces: BTreeMap<i64, Vec<run_partition::Model>> = BTreeMap::new();
    for piece in unfinished(db.reader(), &ids).await? {
        pieces.entry(piece.run_id).or_default().push(piece);
    }
    let mut until: Option<i64> = None;
    for run in &open {
        let pieces = pieces.get(&run.run_id).map_or(&[][..], Vec::as_slice);
        if has_work(run, pieces, kind, now) {
            return Ok(Look::Run { run_id: run.run_id, finished: pieces.is_empty() });
        }
        let ends = pieces.iter().filter_map(|piece| piece.lease_until);
        until = ends.filter(|end| *end > time::micros(now)).chain(until).min();
    }
    Ok(Look::Nothing(until.map(time::instant).transpose()?))
}

fn has_work(
    run: &run::Model,
    pieces: &[run_partition::Model],
    kind: &Kind,
    now: DateTime<Utc>,
) -> bool {
    if run.cancel_requested {
        return !pieces.iter().any(|piece| is_held(piece, now));
    }
    pieces.is_empty() || next_free(pieces, kind.cut, now).is_some()
}
