//! How a worker gets a piece of a run and keeps it.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, Condition, EntityTrait, IntoActiveModel,
    QueryFilter, QuerySelect,
};

use super::partition::{PREPARATION, is_held, next_free, unfinished};
use super::{Kind, MAX_ATTEMPTS, Run, RunState};
use crate::entity::{run, run_partition};
use crate::{Database, Error, Transaction, time};

/// The code (of `google.rpc.Code`: ABORTED) and reason of a run whose workers all went away.
const ABORTED: i32 = 10;
const ATTEMPTS_EXHAUSTED: &str = "RUN_ATTEMPTS_EXHAUSTED";

/// The right to work on a piece of a run. Every time it is taken it is another one, so that a
/// worker that is late does not pass for the one that took over, even in the same process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// The run.
    pub run_id: i64,
    /// The number of the piece; 0 is the preparation of the run.
    pub partition: i32,
    /// The first and the last id of its customers, both included; see [`super::Partition`].
    pub customers: (i64, i64),
    /// The worker.
    pub owner: String,
    /// Which lease of this piece it is, from 1.
    pub attempt: i32,
}

impl Lease {
    /// Whether it is to prepare the run and to [`super::cut`] it.
    pub fn is_preparation(&self) -> bool {
        self.partition == PREPARATION
    }

    /// The row of the piece, as long as it is this lease's.
    pub(super) fn own(&self) -> Condition {
        Condition::all()
            .add(run_partition::Column::RunId.eq(self.run_id))
            .add(run_partition::Column::Partition.eq(self.partition))
            .add(run_partition::Column::Owner.eq(self.owner.as_str()))
            .add(run_partition::Column::Attempt.eq(self.attempt))
    }

    /// Locks the run and returns it with the piece. [`Error::LeaseLost`] when another worker has
    /// taken the piece over, or the run is not at work any more. From here to the commit nobody
    /// else takes a piece of the run, finishes one or ends it.
    pub(super) async fn hold(
        &self,
        transaction: &Transaction,
    ) -> Result<(run::Model, run_partition::Model), Error> {
        let lost = || Error::LeaseLost { run_id: self.run_id };
        let run = lock(transaction, self.run_id).await?;
        let run = run.filter(|run| run.state == RunState::Running.number()).ok_or_else(lost)?;
        let own = run_partition::Entity::find().filter(self.own()).one(transaction).await?;
        Ok((run, own.ok_or_else(lost)?))
    }
}

/// The run, locked until the transaction ends. Whoever writes a run or its pieces takes this
/// lock first, so that nobody waits crosswise; only heartbeats go past it.
pub(super) async fn lock(
    transaction: &Transaction,
    run_id: i64,
) -> Result<Option<run::Model>, Error> {
    Ok(run::Entity::find_by_id(run_id).lock_exclusive().one(transaction).await?)
}

/// Takes the next free piece of a run, as [`super::look`] found it; `None` when there is none
/// any more. The lease holds until `now + ttl`, see [`heartbeat`]. A run that is to be cancelled
/// or has had all its attempts is ended instead.
pub async fn lease(
    db: &Database,
    run_id: i64,
    kind: &Kind,
    owner: &str,
    now: DateTime<Utc>,
    ttl: Duration,
) -> Result<Option<(Run, Lease)>, Error> {
    let transaction = db.begin_lease().await?;
    let Some(run) = lock(&transaction, run_id).await? else { return Ok(None) };
    if RunState::of(run.state)?.is_final() {
        return Ok(None);
    }
    let open = unfinished(&transaction, &[run_id]).await?;
    if run.cancel_requested {
        if !open.iter().any(|piece| is_held(piece, now)) {
            end(&transaction, run, RunState::Cancelled, now).await?;
            transaction.commit().await?;
        }
        return Ok(None);
    }
    let Some(free) = next_free(&open, kind.cut, now) else { return Ok(None) };
    if tries(&run, free) >= MAX_ATTEMPTS {
        end(&transaction, exhausted(run, free), RunState::Failed, now).await?;
        transaction.commit().await?;
        return Ok(None);
    }
    let taken = take(&transaction, run, free, owner, now, ttl).await?;
    transaction.commit().await?;
    Ok(Some(taken))
}

/// How often a piece was taken since the run last got on.
pub(super) fn tries(run: &run::Model, piece: &run_partition::Model) -> i32 {
    if run.progress > piece.progress { 0 } else { piece.tries }
}

async fn take(
    transaction: &Transaction,
    run: run::Model,
    free: &run_partition::Model,
    owner: &str,
    now: DateTime<Utc>,
    ttl: Duration,
) -> Result<(Run, Lease), Error> {
    let lease = Lease {
        run_id: run.run_id,
        partition: free.partition,
        customers: (free.first_customer, free.last_customer),
        owner: owner.to_owned(),
        attempt: free.attempt + 1,
    };
    let mut piece = free.clone().into_active_model();
    piece.owner = Set(Some(lease.owner.clone()));
    piece.lease_until = Set(Some(time::micros(now + ttl)));
    piece.attempt = Set(lease.attempt);
    piece.tries = Set(tries(&run, free) + 1);
    piece.progress = Set(run.progress);
    piece.update(transaction).await?;
    let attempt = if free.tries > 0 { run.attempt + 1 } else { Ord::max(run.attempt, 1) };
    let started_at = run.started_at.unwrap_or(time::micros(now));
    let mut run = run.into_active_model();
    run.state = Set(RunState::Running.number());
    run.attempt = Set(attempt);
    run.started_at = Set(Some(started_at));
    Ok((run.update(transaction).await?.try_into()?, lease))
}

/// The run with the reason why it is given up: that of the last attempt, if it left one.
fn exhausted(mut run: run::Model, piece: &run_partition::Model) -> run::Model {
    if run.error_code.is_none() {
        let tries = piece.tries;
        let what = match piece.partition {
            PREPARATION => "its preparation".to_owned(),
            number => format!("its partition {number}"),
        };
        run.error_code = Some(ABORTED);
        run.error_reason = Some(ATTEMPTS_EXHAUSTED.to_owned());
        run.error_message = Some(format!("{tries} workers took {what} and none finished it"));
    }
    run
}

/// Ends a locked run, with the error that it has now.
pub(super) async fn end(
    transaction: &Transaction,
    run: run::Model,
    state: RunState,
    now: DateTime<Utc>,
) -> Result<Run, Error> {
    let error = (run.error_code, run.error_reason.clone(), run.error_message.clone());
    let mut ended = run.into_active_model();
    ended.state = Set(state.number());
    ended.finished_at = Set(Some(time::micros(now)));
    (ended.error_code, ended.error_reason, ended.error_message) =
        (Set(error.0), Set(error.1), Set(error.2));
    let ended = ended.update(transaction).await?;
    transaction.mark_runs();
    ended.try_into()
}

/// What a worker learns by its heartbeat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeartbeatOutcome {
    /// Go on; the lease holds until `now + ttl`.
    Kept,
    /// Go on to a safe place, then let go with [`super::cancelled`]; the lease holds.
    CancelRequested,
    /// Stop: another worker has the piece, or the run has ended.
    Lost,
}

/// Tells that the worker is alive; to be called several times within `ttl`. A piece that the
/// worker has finished meanwhile does it no harm.
pub async fn heartbeat(
    db: &Database,
    lease: &Lease,
    now: DateTime<Utc>,
    ttl: Duration,
) -> Result<HeartbeatOutcome, Error> {
    let transaction = db.begin_lease().await?;
    let until = Expr::value(time::micros(now + ttl));
    let update = run_partition::Entity::update_many()
        .col_expr(run_partition::Column::LeaseUntil, until)
        .filter(lease.own());
    if update.exec(&transaction).await?.rows_affected == 0 {
        return Ok(HeartbeatOutcome::Lost);
    }
    let row = run::Entity::find_by_id(lease.run_id).one(&transaction).await?;
    transaction.commit().await?;
    Ok(match row {
        Some(row) if row.state != RunState::Running.number() => HeartbeatOutcome::Lost,
        Some(row) if row.cancel_requested => HeartbeatOutcome::CancelRequested,
        Some(_) => HeartbeatOutcome::Kept,
        None => HeartbeatOutcome::Lost,
    })
}

/// Says what the run is doing. [`Error::LeaseLost`] when another worker has the piece.
pub async fn phase(db: &Database, lease: &Lease, phase: &str) -> Result<(), Error> {
    let transaction = db.begin().await?;
    lease.hold(&transaction).await?;
    run::Entity::update_many()
        .col_expr(run::Column::Phase, Expr::value(phase))
        .filter(run::Column::RunId.eq(lease.run_id))
        .filter(run::Column::Phase.ne(phase))
        .exec(&transaction)
        .await?;
    transaction.commit().await
}
