//! What a client does with runs: start, look at, cancel.

use chrono::{DateTime, Utc};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
};

use super::{NewRun, Run, RunState, partition};
use crate::entity::run;
use crate::{Database, Error, Page, PageRequest, document, time, trace};

/// Queues a run. The same request id again returns the run it started, whatever has become of
/// it; [`Error::AlreadyExists`] when that one does something else.
pub async fn start(db: &Database, new: &NewRun, now: DateTime<Utc>) -> Result<Run, Error> {
    let transaction = db.begin().await?;
    let inserted = run::Entity::insert(row(new, now)).exec_with_returning(&transaction).await;
    match inserted.map_err(Error::from) {
        Ok(row) => {
            partition::insert_preparation(&transaction, row.run_id).await?;
            transaction.mark_runs();
            transaction.commit().await?;
            row.try_into()
        }
        Err(Error::AlreadyExists { .. }) => {
            transaction.rollback().await?;
            started_before(db, new).await
        }
        Err(error) => Err(error),
    }
}

fn row(new: &NewRun, now: DateTime<Utc>) -> run::ActiveModel {
    run::ActiveModel {
        kind: Set(new.kind.to_owned()),
        state: Set(RunState::Queued.number()),
        phase: Set(String::new()),
        request: Set(new.request.clone()),
        as_of: Set(new.as_of.map(time::days)),
        partition_size: Set(new.partition_size.map(|size| size.try_into().unwrap_or(i32::MAX))),
        done: Set(0),
        changed: Set(0),
        total: Set(0),
        attempt: Set(0),
        progress: Set(0),
        cancel_requested: Set(false),
        request_id: Set(new.request_id.clone()),
        caller: Set(new.caller.clone()),
        created_at: Set(time::micros(now)),
        traceparent: Set(trace::traceparent()),
        ..Default::default()
    }
}

async fn started_before(db: &Database, new: &NewRun) -> Result<Run, Error> {
    let row = run::Entity::find()
        .filter(run::Column::RequestId.eq(new.request_id.clone()))
        .one(db.reader())
        .await?;
    let request_id = new.request_id.clone().unwrap_or_default();
    let row = row.ok_or_else(|| {
        Error::Conflict(format!("request {request_id} is being handled, send it again"))
    })?;
    let run = Run::try_from(row)?;
    let same = document::is_same(&run.request, &new.request);
    if run.kind != new.kind || !same || run.as_of != new.as_of {
        return Err(Error::already_exists("another run of request", request_id));
    }
    Ok(run)
}

/// The run; [`Error::NotFound`] when there is none with this number.
pub async fn get(db: &Database, run_id: i64) -> Result<Run, Error> {
    let row = run::Entity::find_by_id(run_id).one(db.reader()).await?;
    row.ok_or_else(|| Error::not_found("run", run_id))?.try_into()
}

/// The runs of a kind (of all kinds with `None`), the newest first.
pub async fn list(
    db: &Database,
    kind: Option<&str>,
    page: &PageRequest,
) -> Result<Page<Run>, Error> {
    let rows = run::Entity::find()
        .apply_if(kind, |query, kind| query.filter(run::Column::Kind.eq(kind)))
        .apply_if(page.after, |query, after| query.filter(run::Column::RunId.lt(after)))
        .order_by_desc(run::Column::RunId)
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
