//! The queue of a kind of run, in which callers take turns.
//!
//! A run gets the number of its turn when it is asked for: the one after the last run of its caller
//! that is open, and at least the one that is being served. Runs go by turn, and within one by age.
//! So who asks for much waits behind itself, while who comes after it with one run is next. The
//! numbers are in the rows, so that any replica, and one that starts anew, sees the same order.

use std::collections::BTreeSet;

use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};

use super::{Kind, NewRun, RunState};
use crate::entity::run::{self, Model};
use crate::{Database, Error};

/// What is open of a kind and of those that it builds on, the oldest first.
pub(super) struct Open {
    /// Runs of the kind.
    own: Vec<Model>,
    /// Runs of the kinds that it builds on.
    before: Vec<Model>,
}

/// The place of a run in the queue.
pub(super) struct Place {
    /// Its turn.
    pub(super) turn: i64,
    /// The turn up to which it waits for runs of others, of the kinds that it builds on.
    pub(super) after_turn: i64,
}

impl Open {
    /// The runs that are open now.
    pub(super) async fn read(
        connection: &impl ConnectionTrait,
        kind: &Kind,
    ) -> Result<Self, Error> {
        let open = [RunState::Queued, RunState::Running].map(RunState::number);
        let kinds = kind.after.iter().chain([&kind.name]).copied();
        let runs = run::Entity::find()
            .filter(run::Column::State.is_in(open))
            .filter(run::Column::Kind.is_in(kinds))
            .order_by_asc(run::Column::RunId)
            .all(connection)
            .await?;
        let (own, before) = runs.into_iter().partition(|run| run.kind == kind.name);
        Ok(Self { own, before })
    }

    /// The place of a run that is asked for now.
    pub(super) fn place(&self, caller: Option<&str>) -> Place {
        let own = self.own.iter().filter(|run| run.caller.as_deref() == caller);
        let next = own.map(|run| run.turn + 1).max().unwrap_or_default();
        Place { turn: served(&self.own).max(next), after_turn: served(&self.before) }
    }

    /// How many runs of the caller wait.
    pub(super) fn waiting(&self, caller: Option<&str>) -> usize {
        self.own.iter().filter(|run| waits(run) && run.caller.as_deref() == caller).count()
    }

    /// The run of the same caller that does the same, if it has not begun: then it sees all that
    /// one which is asked for now would see. Not one that would not wait for what that one waits
    /// for, and none of others, who might cancel it, or have a long queue before it.
    pub(super) fn equal(&self, new: &NewRun) -> Option<&Model> {
        let last = self.before.last().map_or(0, |run| run.run_id);
        let size = new.partition_size.map(super::start::size);
        self.own.iter().find(|run| {
            waits(run)
                && run.started_at.is_none()
                && run.run_id > last
                && run.caller == new.caller
                && run.request == new.request
                && run.as_of == new.as_of.map(crate::time::days)
                && run.partition_size == size
        })
    }

    /// Whether a run waits for another one.
    fn is_held_up(&self, run: &Model) -> bool {
        self.before.iter().take_while(|before| before.run_id < run.run_id).any(|before| {
            before.caller.is_none() || before.caller == run.caller || before.turn <= run.after_turn
        })
    }
}

/// The turn that is being served: the last one of a run that has begun, or the first that waits.
fn served(runs: &[Model]) -> i64 {
    let begun = runs.iter().filter(|run| run.started_at.is_some()).map(|run| run.turn).max();
    begun.or_else(|| runs.iter().map(|run| run.turn).min()).unwrap_or_default()
}

fn waits(run: &Model) -> bool {
    run.state == RunState::Queued.number()
}

/// The open runs of the kind by turn, but for those that wait for another one.
pub(super) async fn in_turn(db: &Database, kind: &Kind) -> Result<Vec<Model>, Error> {
    let mut open = Open::read(db.reader(), kind).await?;
    let held_up = open.own.iter().filter(|run| open.is_held_up(run));
    let held_up: BTreeSet<i64> = held_up.map(|run| run.run_id).collect();
    open.own.retain(|run| !held_up.contains(&run.run_id));
    open.own.sort_by_key(|run| (run.turn, run.run_id));
    Ok(open.own)
}
