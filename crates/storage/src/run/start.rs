//! What a client does with runs: start or ask for, look at, cancel.

use chrono::{DateTime, Utc};
use sea_orm::sea_query::{Expr, ExprTrait, Order};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
};

use super::queue::{Open, Place};
use super::{NewRun, Run, RunState, partition};
use crate::entity::{run, run_request};
use crate::{Database, Error, Page, PageRequest, Transaction, dialect, document, time, trace};

/// Queues a run. The same request id again returns the run it started, whatever has become of
/// it; [`Error::AlreadyExists`] when that one does something else, or is another caller's.
pub async fn start(db: &Database, new: &NewRun, now: DateTime<Utc>) -> Result<Run, Error> {
    enter(db, new, None, now).await
}

/// Queues a run as a caller asks for it, of whose runs of the kind `most` may wait:
/// [`Error::RunsWaiting`] when as many do. Where an equal one of the caller waits, that is the
/// answer. Otherwise like [`start`].
pub async fn ask(db: &Database, new: &NewRun, most: u32, now: DateTime<Utc>) -> Result<Run, Error> {
    enter(db, new, Some(most), now).await
}

async fn enter(
    db: &Database,
    new: &NewRun,
    most: Option<u32>,
    now: DateTime<Utc>,
) -> Result<Run, Error> {
    let transaction = db.begin().await?;
    dialect::queue_run(&transaction, new.kind.name).await?;
    if let Some(run) = asked_before(&transaction, new).await? {
        return Ok(run);
    }
    let open = Open::read(&transaction, &new.kind).await?;
    if let (Some(_), Some(equal)) = (most, open.equal(new)) {
        join(&transaction, new, equal.run_id).await?;
        transaction.commit().await?;
        return equal.clone().try_into();
    }
    let waiting = open.waiting(new.caller.as_deref());
    if let Some(most) = most.filter(|most| waiting >= usize::try_from(*most).unwrap_or(usize::MAX))
    {
        return Err(Error::RunsWaiting { kind: new.kind.name, most });
    }
    let row = row(new, &open.place(new.caller.as_deref()), now);
    let inserted = run::Entity::insert(row).exec_with_returning(&transaction).await;
    let row = inserted.map_err(|error| elsewhere(error.into()))?;
    partition::insert_preparation(&transaction, row.run_id).await?;
    transaction.mark_runs();
    transaction.commit().await?;
    row.try_into()
}

/// Of two calls with one request id, for different kinds, one was quicker.
fn elsewhere(error: Error) -> Error {
    match error {
        Error::AlreadyExists { .. } => {
            Error::Conflict("the same request is being handled, send it again".to_owned())
        }
        error => error,
    }
}

/// Keeps with a run that the request id was answered with it.
async fn join(transaction: &Transaction, new: &NewRun, run_id: i64) -> Result<(), Error> {
    let Some(request_id) = new.request_id.clone() else { return Ok(()) };
    let row = run_request::ActiveModel { request_id: Set(request_id), run_id: Set(run_id) };
    let inserted = run_request::Entity::insert(row).exec_without_returning(transaction).await;
    inserted.map_err(|error| elsewhere(error.into()))?;
    Ok(())
}

/// Customers of a partition, as they are kept.
pub(super) fn size(size: u32) -> i32 {
    size.try_into().unwrap_or(i32::MAX)
}

fn row(new: &NewRun, place: &Place, now: DateTime<Utc>) -> run::ActiveModel {
    run::ActiveModel {
        kind: Set(new.kind.name.to_owned()),
        state: Set(RunState::Queued.number()),
        phase: Set(String::new()),
        request: Set(new.request.clone()),
        as_of: Set(new.as_of.map(time::days)),
        partition_size: Set(new.partition_size.map(size)),
        done: Set(0),
        changed: Set(0),
        total: Set(0),
        attempt: Set(0),
        progress: Set(0),
        cancel_requested: Set(false),
        request_id: Set(new.request_id.clone()),
        caller: Set(new.caller.clone()),
        turn: Set(place.turn),
        after_turn: Set(place.after_turn),
        created_at: Set(time::micros(now)),
        traceparent: Set(trace::traceparent()),
        ..Default::default()
    }
}

/// Whether the request was answered before, with the run that [`ask`] returns again.
pub async fn is_known(db: &Database, new: &NewRun) -> Result<bool, Error> {
    let transaction = db.begin().await?;
    Ok(asked_before(&transaction, new).await?.is_some())
}

/// The run that the request id was answered with, if it was.
async fn asked_before(transaction: &Transaction, new: &NewRun) -> Result<Option<Run>, Error> {
    let Some(request_id) = &new.request_id else { return Ok(None) };
    let started = run::Entity::find().filter(run::Column::RequestId.eq(request_id));
    let row = match started.one(transaction).await? {
        Some(row) => Some(row),
        None => joined(transaction, request_id).await?,
    };
    let Some(run) = row.map(Run::try_from).transpose()? else { return Ok(None) };
    let same = document::is_same(&run.request, &new.request) && run.caller == new.caller;
    if run.kind != new.kind.name || !same || run.as_of != new.as_of {
        return Err(Error::already_exists("another run of request", request_id));
    }
    Ok(Some(run))
}

async fn joined(transaction: &Transaction, request_id: &str) -> Result<Option<run::Model>, Error> {
    let joined = run_request::Entity::find_by_id(request_id.to_owned()).one(transaction).await?;
    let Some(joined) = joined else { return Ok(None) };
    Ok(run::Entity::find_by_id(joined.run_id).one(transaction).await?)
}

/// The run; [`Error::NotFound`] when there is none with this number.
pub async fn get(db: &Database, run_id: i64) -> Result<Run, Error> {
    let row = run::Entity::find_by_id(run_id).one(db.reader()).await?;
    row.ok_or_else(|| Error::not_found("run", run_id))?.try_into()
}

/// Which runs a list has, and in which order.
#[derive(Debug, Clone, Copy, Default)]
pub struct RunFilter<'a> {
    /// Of this kind; of all with `None`.
    pub kind: Option<&'a str>,
    /// In one of these states; in any when there are none.
    pub states: &'a [RunState],
    /// Of running ones only those that are to be cancelled, or are not.
    pub to_be_cancelled: Option<bool>,
    /// The oldest first, and not the newest.
    pub oldest_first: bool,
}

/// The runs that a filter chooses.
pub async fn list(
    db: &Database,
    filter: &RunFilter<'_>,
    page: &PageRequest,
) -> Result<Page<Run>, Error> {
    let RunFilter { kind, states, to_be_cancelled, oldest_first } = *filter;
    let (id, state) = (run::Column::RunId, run::Column::State);
    let (order, beyond) = match oldest_first {
        true => (Order::Asc, page.after.map(|after| id.gt(after))),
        false => (Order::Desc, page.after.map(|after| id.lt(after))),
    };
    let numbers = states.iter().map(|state| state.number());
    let of_states = (!states.is_empty()).then(|| state.is_in(numbers));
    let cancelled = to_be_cancelled.map(|wanted| {
        state.ne(RunState::Running.number()).or(run::Column::CancelRequested.eq(wanted))
    });
    let rows = run::Entity::find()
        .apply_if(kind, |query, kind| query.filter(run::Column::Kind.eq(kind)))
        .apply_if(of_states, QueryFilter::filter)
        .apply_if(cancelled, QueryFilter::filter)
        .apply_if(beyond, QueryFilter::filter)
        .order_by(id, order)
        .limit(page.fetch())
        .all(db.reader())
        .await?;
    Page::of(page, rows, |row| row.run_id).try_map(Run::try_from)
}

/// Asks for a run to be cancelled and returns it as it then is: a queued one is cancelled at
/// once, a running one when its worker hears of it, a final one stays what it is.
pub async fn cancel(db: &Database, run_id: i64, now: DateTime<Utc>) -> Result<Run, Error> {
    let transaction = db.begin().await?;
    run::Entity::update_many()
        .col_expr(run::Column::State, Expr::value(RunState::Cancelled.number()))
        .col_expr(run::Column::CancelRequested, Expr::value(true))
        .col_expr(run::Column::FinishedAt, Expr::value(time::micros(now)))
        .filter(run::Column::RunId.eq(run_id))
        .filter(run::Column::State.eq(RunState::Queued.number()))
        .exec(&transaction)
        .await?;
    run::Entity::update_many()
        .col_expr(run::Column::CancelRequested, Expr::value(true))
        .filter(run::Column::RunId.eq(run_id))
        .filter(run::Column::State.eq(RunState::Running.number()))
        .exec(&transaction)
        .await?;
    let row = run::Entity::find_by_id(run_id).one(&transaction).await?;
    transaction.mark_runs();
    transaction.commit().await?;
    row.ok_or_else(|| Error::not_found("run", run_id))?.try_into()
}
