//! Closing rejects: what they were to be was accepted, or somebody discards them.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use sea_orm::sea_query::{Expr, ExprTrait, Query, SelectStatement};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect};

use super::super::entity::reject;
use super::super::{Batch, Entry, Stream};
use super::RejectState;
use crate::{Database, Error, Transaction, dialect, time};

/// The rejects of a source that wait for a record of it, as a subquery: one where there are some.
pub(in crate::ingestion) fn waiting(source_id: i64) -> SelectStatement {
    Query::select()
        .expr(Expr::value(1))
        .from(reject::Entity)
        .and_where(Expr::col(reject::Column::SourceId).eq(source_id))
        .and_where(Expr::col(reject::Column::RecordKind).gt(""))
        .and_where(RejectState::Open.holds())
        .limit(1)
        .to_owned()
}

/// Closes the rejects that the good records of a batch were to be. A line of a file is not closed by
/// its own file: that takes the other lines of its record in without it.
pub(in crate::ingestion) async fn settle(
    transaction: &Transaction,
    stream: &Stream,
    batch: &Batch,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let mut kinds: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (kind, external_id) in batch.entries.iter().filter_map(Entry::key) {
        kinds.entry(kind).or_default().push(external_id);
    }
    let others = Condition::any()
        .add(reject::Column::Part.eq(0))
        .add(reject::Column::StreamId.ne(&stream.stream_id));
    for (kind, keys) in kinds {
        let of_them =
            dialect::is_any_text(transaction.get_database_backend(), "external_id", &keys);
        close(transaction, stream.source_id, kind, of_them, others.clone(), now).await?;
    }
    Ok(())
}

/// Closes the rejects of one record that was accepted.
pub(in crate::ingestion) async fn accepted(
    transaction: &Transaction,
    source_id: i64,
    kind: &str,
    external_id: &str,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let it = reject::Column::ExternalId.eq(external_id);
    close(transaction, source_id, kind, it, Condition::all(), now).await
}

/// Those that came before `now`: of one batch, nobody knows which was meant to hold.
async fn close(
    transaction: &Transaction,
    source_id: i64,
    kind: &str,
    keys: Expr,
    besides: Condition,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    reject::Entity::update_many()
        .col_expr(reject::Column::SettledAt, Expr::value(time::micros(now)))
        .filter(reject::Column::SourceId.eq(source_id))
        .filter(reject::Column::RecordKind.eq(kind))
        .filter(keys)
        .filter(RejectState::Open.holds())
        .filter(reject::Column::RecordedAt.lt(time::micros(now)))
        .filter(besides)
        .exec(transaction)
        .await?;
    Ok(())
}

/// Which rejects to discard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Discard {
    /// Those of these numbers, which must be held.
    Named(Vec<i64>),
    /// All that are open of a stream, or of them those with this first reason.
    Stream(String, Option<i32>),
}

/// What discarding came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Discarded {
    /// So many were open, and are closed now.
    Closed(u64),
    /// One that was named is not held; nothing was written.
    NotHeld(i64),
}

/// Discards rejects, with the reason why and who says so.
pub async fn discard_rejects(
    db: &Database,
    which: &Discard,
    (reason, by): (&str, &str),
    now: DateTime<Utc>,
) -> Result<Discarded, Error> {
    let transaction = db.begin().await?;
    let mut update = reject::Entity::update_many()
        .col_expr(reject::Column::SettledAt, Expr::value(time::micros(now)))
        .col_expr(reject::Column::DiscardReason, Expr::value(reason))
        .col_expr(reject::Column::DiscardedBy, Expr::value(by))
        .filter(RejectState::Open.holds());
    match which {
        Discard::Named(ids) => {
            if let Some(id) = not_held(&transaction, ids).await? {
                return Ok(Discarded::NotHeld(id));
            }
            update = update.filter(dialect::is_any_number(
                transaction.get_database_backend(),
                "reject_id",
                ids,
            ));
        }
        Discard::Stream(stream_id, reason) => {
            update = update.filter(reject::Column::StreamId.eq(stream_id));
            if let Some(reason) = reason {
                update = update.filter(reject::Column::Reason.eq(*reason));
            }
        }
    }
    let closed = update.exec(&transaction).await?;
    transaction.commit().await?;
    Ok(Discarded::Closed(closed.rows_affected))
}

/// The first of these rejects that is not held.
async fn not_held(transaction: &Transaction, ids: &[i64]) -> Result<Option<i64>, Error> {
    let held: Vec<i64> = reject::Entity::find()
        .select_only()
        .column(reject::Column::RejectId)
        .filter(dialect::is_any_number(transaction.get_database_backend(), "reject_id", ids))
        .into_tuple()
        .all(transaction)
        .await?;
    Ok(ids.iter().find(|id| !held.contains(id)).copied())
}
