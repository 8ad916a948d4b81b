//! How a worker ends a piece of a run, and a run.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sea_orm::{ActiveModelTrait, ActiveValue::Set, IntoActiveModel};

use super::lease::{end, lock, tries};
use super::partition::{insert_ranges, is_held, unfinished};
use super::{Cut, Lease, MAX_ATTEMPTS, Run, RunError, RunState, order};
use crate::entity::{run, run_partition};
use crate::facts::{self, Tile};
use crate::{Database, Error, Transaction, time};

/// Ends the preparation of a run: cuts the customers that there are now into pieces, of the
/// size that the run was started with or else of `size` customers. What the run works with must
/// be pinned by now. [`Error::LeaseLost`] when another worker has it.
pub async fn cut(db: &Database, lease: &Lease, cut: Cut, size: u32) -> Result<(), Error> {
    let transaction = db.begin().await?;
    let (run, piece) = lease.hold(&transaction).await?;
    let size = run.partition_size.map_or(i64::from(size), i64::from);
    let tiles = match cut {
        Cut::Ranges => facts::tiles(&transaction, size).await?,
        Cut::InOrder => order::lay_out(&transaction, run.run_id, size).await?,
        Cut::Whole => vec![Tile { first: i64::MIN, last: i64::MAX, customers: 0 }],
    };
    let total = tiles.iter().map(|tile| tile.customers).sum();
    insert_ranges(&transaction, run.run_id, &tiles).await?;
    finish(&transaction, run, piece, (0, 0), Some(total)).await?;
    transaction.mark_runs();
    transaction.commit().await
}

/// Marks a piece as done, `done` customers of it, `changed` of which came out different from
/// before, in the transaction of its results, and makes that transaction fail with
/// [`Error::LeaseLost`] when another worker has it. Call it late (who takes another piece of the
/// run waits from here on), but before [`crate::change_log::append`].
pub async fn finish_partition(
    transaction: &Transaction,
    lease: &Lease,
    done: i64,
    changed: i64,
) -> Result<(), Error> {
    let (run, piece) = lease.hold(transaction).await?;
    finish(transaction, run, piece, (done, changed), None).await?;
    order::forget_piece(transaction, lease.run_id, lease.partition).await
}

/// [`Error::AlreadyExists`] when the piece was finished before.
async fn finish(
    transaction: &Transaction,
    run: run::Model,
    piece: run_partition::Model,
    (done, changed): (i64, i64),
    total: Option<i64>,
) -> Result<(), Error> {
    if piece.finished {
        let name = format!("{} of run {}", piece.partition, run.run_id);
        return Err(Error::already_exists("finished partition", name));
    }
    let mut piece = piece.into_active_model();
    piece.finished = Set(true);
    piece.update(transaction).await?;
    let before = run.clone();
    let mut run = run.into_active_model();
    run.done = Set(before.done + done);
    run.changed = Set(before.changed + changed);
    run.total = Set(total.unwrap_or(before.total));
    run.progress = Set(before.progress + 1);
    run.update(transaction).await?;
    Ok(())
}

/// Ends the run as succeeded, in the caller's transaction, if all of its pieces are finished and
/// nobody has ended it before; whether it did.
pub async fn succeed(
    transaction: &Transaction,
    run_id: i64,
    now: DateTime<Utc>,
) -> Result<bool, Error> {
    let Some(mut run) = lock(transaction, run_id).await? else { return Ok(false) };
    if !is_through(transaction, &run).await? {
        return Ok(false);
    }
    set_error(&mut run, None);
    end(transaction, run, RunState::Succeeded, now).await?;
    Ok(true)
}

/// Ends a run as failed of which all pieces are finished, because it cannot succeed though; does
/// nothing when it has ended.
pub async fn give_up(
    db: &Database,
    run_id: i64,
    error: &RunError,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let transaction = db.begin().await?;
    let Some(mut run) = lock(&transaction, run_id).await? else { return Ok(()) };
    if is_through(&transaction, &run).await? {
        set_error(&mut run, Some(error));
        end(&transaction, run, RunState::Failed, now).await?;
    }
    transaction.commit().await
}

/// Whether a run is open and all of its pieces are finished.
async fn is_through(transaction: &Transaction, run: &run::Model) -> Result<bool, Error> {
    let open = !RunState::of(run.state)?.is_final();
    Ok(open && unfinished(transaction, &[run.run_id]).await?.is_empty())
}

/// Whether a failed attempt is followed by another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// It would fail again.
    Never,
    /// It may succeed after this time, if attempts are left.
    After(Duration),
}

/// Ends the work on a piece with an error: the run fails, and with it the work on its other
/// pieces, or the piece waits for its next attempt (the error stays visible meanwhile). Returns
/// the run as it then is. [`Error::LeaseLost`] when another worker has the piece.
pub async fn fail(
    db: &Database,
    lease: &Lease,
    error: &RunError,
    retry: Retry,
    now: DateTime<Utc>,
) -> Result<Run, Error> {
    let transaction = db.begin().await?;
    let (mut run, piece) = lease.hold(&transaction).await?;
    set_error(&mut run, Some(error));
    let failed = match retry {
        Retry::After(pause) if tries(&run, &piece) < MAX_ATTEMPTS => {
            let until = Some(time::micros(now + pause));
            release(&transaction, piece, until, 0).await?;
            let errors = (run.error_code, run.error_reason.clone(), run.error_message.clone());
            let mut waiting = requeued(&transaction, run, now).await?;
            (waiting.error_code, waiting.error_reason, waiting.error_message) =
                (Set(errors.0), Set(errors.1), Set(errors.2));
            let waiting = waiting.update(&transaction).await?;
            transaction.mark_runs();
            waiting.try_into()?
        }
        Retry::After(_) | Retry::Never => end(&transaction, run, RunState::Failed, now).await?,
    };
    transaction.commit().await?;
    Ok(failed)
}

/// Lets a piece go after [`super::HeartbeatOutcome::CancelRequested`]; the last worker to do so
/// ends the run as cancelled. [`Error::LeaseLost`] when another worker has the piece.
pub async fn cancelled(db: &Database, lease: &Lease, now: DateTime<Utc>) -> Result<(), Error> {
    let transaction = db.begin().await?;
    let (run, piece) = lease.hold(&transaction).await?;
    release(&transaction, piece, None, 0).await?;
    let open = unfinished(&transaction, &[lease.run_id]).await?;
    if !open.iter().any(|piece| is_held(piece, now)) {
        end(&transaction, run, RunState::Cancelled, now).await?;
    }
    transaction.commit().await
}

/// Gives a piece back unfinished, because the worker stops: the next one takes it up at once, and
/// this attempt does not count. [`Error::LeaseLost`] when another worker has it.
pub async fn give_back(db: &Database, lease: &Lease, now: DateTime<Utc>) -> Result<(), Error> {
    let transaction = db.begin().await?;
    let (run, piece) = lease.hold(&transaction).await?;
    let again = i32::from(!piece.finished && piece.tries > 1);
    release(&transaction, piece, None, 1).await?;
    let attempt = run.attempt - again;
    let mut waiting = requeued(&transaction, run, now).await?;
    waiting.attempt = Set(attempt);
    waiting.update(&transaction).await?;
    transaction.mark_runs();
    transaction.commit().await
}

/// Takes the owner off a piece that is not finished, and `uncounted` from its tries.
async fn release(
    transaction: &Transaction,
    piece: run_partition::Model,
    until: Option<i64>,
    uncounted: i32,
) -> Result<(), Error> {
    if piece.finished {
        return Ok(());
    }
    let tries = piece.tries - uncounted;
    let mut piece = piece.into_active_model();
    piece.owner = Set(None);
    piece.lease_until = Set(until);
    piece.tries = Set(tries);
    piece.update(transaction).await?;
    Ok(())
}

/// The run back in the queue, unless somebody else is at it.
async fn requeued(
    transaction: &Transaction,
    run: run::Model,
    now: DateTime<Utc>,
) -> Result<run::ActiveModel, Error> {
    let open = unfinished(transaction, &[run.run_id]).await?;
    let mut waiting = run.into_active_model();
    if !open.iter().any(|piece| is_held(piece, now)) {
        waiting.state = Set(RunState::Queued.number());
    }
    Ok(waiting)
}

fn set_error(run: &mut run::Model, error: Option<&RunError>) {
    run.error_code = error.map(|error| error.code);
    run.error_reason = error.map(|error| error.reason.clone());
    run.error_message = error.map(|error| error.message.clone());
}
