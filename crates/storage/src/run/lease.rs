//! How a worker gets a run and keeps it.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sea_orm::sea_query::{Expr, LockBehavior, LockType};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, Condition, EntityTrait, IntoActiveModel,
    QueryFilter, QueryOrder, QuerySelect, UpdateMany,
};

use super::{Run, RunKind, RunState};
use crate::entity::run;
use crate::{Database, Error, Transaction, time};

/// The code (of `google.rpc.Code`: ABORTED) and reason of a run whose workers all went away.
const ABORTED: i32 = 10;
const ATTEMPTS_EXHAUSTED: &str = "RUN_ATTEMPTS_EXHAUSTED";

/// The right to work on a run. Every attempt has its own, so that a worker that is late does
/// not pass for the one that took over, even in the same process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// The run.
    pub run_id: i64,
    /// The worker.
    pub owner: String,
    /// Which attempt it is, from 1.
    pub attempt: i32,
}

impl Lease {
    /// An update of the run that does nothing once the lease is lost.
    pub(super) fn update(&self) -> UpdateMany<run::Entity> {
        run::Entity::update_many()
            .filter(run::Column::RunId.eq(self.run_id))
            .filter(run::Column::State.eq(RunState::Running.number()))
            .filter(run::Column::LeaseOwner.eq(self.owner.as_str()))
            .filter(run::Column::Attempt.eq(self.attempt))
    }

    /// Executes an update made with [`Lease::update`].
    pub(super) async fn guard(
        &self,
        transaction: &Transaction,
        update: UpdateMany<run::Entity>,
    ) -> Result<(), Error> {
        if update.exec(transaction).await?.rows_affected == 0 {
            return Err(Error::LeaseLost { run_id: self.run_id });
        }
        Ok(())
    }
}

/// Takes the oldest run of these kinds that waits, or whose worker let its lease expire; `None`
/// when there is none. The lease holds until `now + ttl`, see [`heartbeat`]. On the way it ends
/// the runs that are to be cancelled or have had all their attempts.
pub async fn lease(
    db: &Database,
    kinds: &[RunKind],
    owner: &str,
    now: DateTime<Utc>,
    ttl: Duration,
) -> Result<Option<(Run, Lease)>, Error> {
    let transaction = db.begin().await?;
    let mut taken = None;
    while let Some(row) = free_run(&transaction, kinds, now).await? {
        if let Some(ended) = end_instead(&row, now) {
            ended.update(&transaction).await?;
            continue;
        }
        let row = take(row, owner, now, ttl).update(&transaction).await?;
        let lease = Lease { run_id: row.run_id, owner: owner.to_owned(), attempt: row.attempt };
        taken = Some((Run::try_from(row)?, lease));
        break;
    }
    transaction.commit().await?;
    Ok(taken)
}

/// The oldest free run, locked; one that another worker is just locking is passed over.
async fn free_run(
    transaction: &Transaction,
    kinds: &[RunKind],
    now: DateTime<Utc>,
) -> Result<Option<run::Model>, Error> {
    let open = [RunState::Queued.number(), RunState::Running.number()];
    let free = Condition::any()
        .add(run::Column::LeaseUntil.is_null())
        .add(run::Column::LeaseUntil.lte(time::micros(now)));
    let row = run::Entity::find()
        .filter(run::Column::State.is_in(open))
        .filter(run::Column::Kind.is_in(kinds.iter().map(|kind| kind.number())))
        .filter(free)
        .order_by_asc(run::Column::RunId)
        .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
        .one(transaction)
        .await?;
    Ok(row)
}

/// The end of a run that must not be tried again.
fn end_instead(row: &run::Model, now: DateTime<Utc>) -> Option<run::ActiveModel> {
    let state = match row {
        row if row.cancel_requested => RunState::Cancelled,
        row if row.attempt >= row.max_attempts => RunState::Failed,
        _ => return None,
    };
    let mut ended = row.clone().into_active_model();
    ended.state = Set(state.number());
    ended.lease_owner = Set(None);
    ended.lease_until = Set(None);
    ended.finished_at = Set(Some(time::micros(now)));
    if state == RunState::Failed && row.error_code.is_none() {
        let message = format!("{} workers took the run and none finished it", row.attempt);
        ended.error_code = Set(Some(ABORTED));
        ended.error_reason = Set(Some(ATTEMPTS_EXHAUSTED.to_owned()));
        ended.error_message = Set(Some(message));
    }
    Some(ended)
}

fn take(row: run::Model, owner: &str, now: DateTime<Utc>, ttl: Duration) -> run::ActiveModel {
    let attempt = row.attempt + 1;
    let started_at = row.started_at.unwrap_or(time::micros(now));
    let mut taken = row.into_active_model();
    taken.state = Set(RunState::Running.number());
    taken.attempt = Set(attempt);
    taken.lease_owner = Set(Some(owner.to_owned()));
    taken.lease_until = Set(Some(time::micros(now + ttl)));
    taken.started_at = Set(Some(started_at));
    taken
}

/// What a worker learns by its heartbeat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeartbeatOutcome {
    /// Go on; the lease holds until `now + ttl`.
    Kept,
    /// Go on to a safe place, then end the run with [`super::cancelled`]; the lease holds.
    CancelRequested,
    /// Stop: another worker has the run, or it is final.
    Lost,
}

/// Tells that the worker is alive; to be called several times within `ttl`.
pub async fn heartbeat(
    db: &Database,
    lease: &Lease,
    now: DateTime<Utc>,
    ttl: Duration,
) -> Result<HeartbeatOutcome, Error> {
    let transaction = db.begin().await?;
    let until = Expr::value(time::micros(now + ttl));
    let update = lease.update().col_expr(run::Column::LeaseUntil, until);
    if update.exec(&transaction).await?.rows_affected == 0 {
        return Ok(HeartbeatOutcome::Lost);
    }
    let row = run::Entity::find_by_id(lease.run_id).one(&transaction).await?;
    transaction.commit().await?;
    Ok(match row {
        Some(row) if row.cancel_requested => HeartbeatOutcome::CancelRequested,
        Some(_) => HeartbeatOutcome::Kept,
        None => HeartbeatOutcome::Lost,
    })
}

/// Says what the run is doing and how many customers there are to do; what is done counts by
/// [`super::finish_partition`]. [`Error::LeaseLost`] when another worker has the run.
pub async fn progress(db: &Database, lease: &Lease, phase: &str, total: i64) -> Result<(), Error> {
    let transaction = db.begin().await?;
    let update = lease
        .update()
        .col_expr(run::Column::Phase, Expr::value(phase))
        .col_expr(run::Column::Total, Expr::value(total));
    lease.guard(&transaction, update).await?;
    transaction.commit().await
}
