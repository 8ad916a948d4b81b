//! How a worker ends a partition, and a run.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, UpdateMany,
};

use super::{Lease, Run, RunError, RunState, get};
use crate::entity::{run, run_partition};
use crate::{Database, Error, Transaction, time};

/// Marks a partition as done, `done` customers of it, in the transaction of its results, and
/// makes that transaction fail with [`Error::LeaseLost`] when another worker has the run. Call
/// it late (heartbeats wait from here on), but before [`crate::change_log::append`].
/// [`Error::AlreadyExists`] when the partition was done before: roll back and go on.
pub async fn finish_partition(
    transaction: &Transaction,
    lease: &Lease,
    partition: i32,
    done: i64,
) -> Result<(), Error> {
    let more = Expr::col(run::Column::Done).add(done);
    lease.guard(transaction, lease.update().col_expr(run::Column::Done, more)).await?;
    let row = run_partition::ActiveModel { run_id: Set(lease.run_id), partition: Set(partition) };
    run_partition::Entity::insert(row).exec_without_returning(transaction).await?;
    Ok(())
}

/// The partitions that are done, by this attempt or an earlier one, in ascending order.
pub async fn finished_partitions(db: &Database, run_id: i64) -> Result<Vec<i32>, Error> {
    let partitions = run_partition::Entity::find()
        .select_only()
        .column(run_partition::Column::Partition)
        .filter(run_partition::Column::RunId.eq(run_id))
        .order_by_asc(run_partition::Column::Partition)
        .into_tuple()
        .all(db.reader())
        .await?;
    Ok(partitions)
}

/// Ends the run as succeeded, in the caller's transaction. [`Error::LeaseLost`] when another
/// worker has it.
pub async fn succeed(
    transaction: &Transaction,
    lease: &Lease,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let update = set_error(end(lease, RunState::Succeeded, now), None);
    lease.guard(transaction, update).await
}

/// Whether a failed attempt is followed by another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// It would fail again.
    Never,
    /// It may succeed after this time, if attempts are left.
    After(Duration),
}

/// Ends the attempt with an error: the run fails, or waits for its next attempt (the error
/// stays visible meanwhile). Returns the run as it then is. [`Error::LeaseLost`] when another
/// worker has it.
pub async fn fail(
    db: &Database,
    lease: &Lease,
    error: &RunError,
    retry: Retry,
    now: DateTime<Utc>,
) -> Result<Run, Error> {
    let attempts_left = lease.attempt < get(db, lease.run_id).await?.max_attempts;
    let update = match retry {
        Retry::After(pause) if attempts_left => requeue(lease, now + pause),
        Retry::After(_) | Retry::Never => end(lease, RunState::Failed, now),
    };
    let transaction = db.begin().await?;
    lease.guard(&transaction, set_error(update, Some(error))).await?;
    transaction.commit().await?;
    get(db, lease.run_id).await
}

/// Ends the run as cancelled, after [`super::HeartbeatOutcome::CancelRequested`].
/// [`Error::LeaseLost`] when another worker has it.
pub async fn cancelled(db: &Database, lease: &Lease, now: DateTime<Utc>) -> Result<(), Error> {
    let transaction = db.begin().await?;
    lease.guard(&transaction, end(lease, RunState::Cancelled, now)).await?;
    transaction.commit().await
}

/// Gives the run back unfinished, because the worker stops: the next one takes it up at once, and
/// this attempt does not count. [`Error::LeaseLost`] when another worker has it.
pub async fn give_back(db: &Database, lease: &Lease) -> Result<(), Error> {
    let transaction = db.begin().await?;
    let update = release(lease, RunState::Queued, None)
        .col_expr(run::Column::Attempt, Expr::col(run::Column::Attempt).sub(1));
    lease.guard(&transaction, update).await?;
    transaction.commit().await
}

fn end(lease: &Lease, state: RunState, now: DateTime<Utc>) -> UpdateMany<run::Entity> {
    let finished_at = Expr::value(time::micros(now));
    release(lease, state, None).col_expr(run::Column::FinishedAt, finished_at)
}

/// Back into the queue; `lease_until` holds it there until then.
fn requeue(lease: &Lease, not_before: DateTime<Utc>) -> UpdateMany<run::Entity> {
    release(lease, RunState::Queued, Some(time::micros(not_before)))
}

fn release(lease: &Lease, state: RunState, until: Option<i64>) -> UpdateMany<run::Entity> {
    lease
        .update()
        .col_expr(run::Column::State, Expr::value(state.number()))
        .col_expr(run::Column::LeaseOwner, Expr::value(None::<String>))
        .col_expr(run::Column::LeaseUntil, Expr::value(until))
}

fn set_error(update: UpdateMany<run::Entity>, error: Option<&RunError>) -> UpdateMany<run::Entity> {
    let code = error.map(|error| error.code);
    let reason = error.map(|error| error.reason.clone());
    let message = error.map(|error| error.message.clone());
    update
        .col_expr(run::Column::ErrorCode, Expr::value(code))
        .col_expr(run::Column::ErrorReason, Expr::value(reason))
        .col_expr(run::Column::ErrorMessage, Expr::value(message))
}
