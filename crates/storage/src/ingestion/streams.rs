//! Ingest streams: how far each has come, and who may write it.

use chrono::{DateTime, Utc};
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict, Query};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryTrait,
};

use super::entity::ingest_stream;
use super::{Batch, Counts, rejects, sources};
use crate::{Database, Error, Transaction, time};

/// A stream that was opened for writing. Opening it again elsewhere takes it over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stream {
    /// The caller's id of it.
    pub stream_id: String,
    /// The number of its source.
    pub source_id: i64,
    /// Where its records come from, for people.
    pub origin: String,
    /// How often it was opened; only the last opening may write.
    pub epoch: i64,
    /// The sequence of the last batch written, 0 before the first.
    pub last_sequence: i64,
    /// What it has written so far.
    pub totals: Totals,
    /// Another stream of the source has written since this one did last.
    pub overtaken: bool,
    /// It has sent orders that were held already, since it was opened: there may be more of them.
    pub repeats: bool,
    /// Whose rejects it makes.
    pub share: RejectShare,
}

/// The place that the rejects of one caller may take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RejectShare {
    /// The caller; empty where sign-on is off.
    pub caller: String,
    /// How many bytes of them are kept: those that came last.
    pub bytes: i64,
}

impl Default for RejectShare {
    /// Nobody's, without a bound.
    fn default() -> Self {
        Self { caller: String::new(), bytes: i64::MAX }
    }
}

/// Counts of the records of a stream.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Records that were new or changed something.
    pub accepted: i64,
    /// Records that were held already.
    pub unchanged: i64,
    /// Records that were refused.
    pub rejected: i64,
    /// Of the accepted, those that took the place of a record of another customer or day.
    pub reused: i64,
    /// Keys and texts that were cleaned.
    pub cleaned: i64,
}

/// What opening a stream came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opened {
    /// It may be written.
    Stream(Stream),
    /// The id belongs to a stream of another source.
    OtherSource,
}

/// Opens a stream, a new one or one to resume. Whoever had it open can write it no more.
pub async fn open_stream(
    db: &Database,
    stream_id: &str,
    source: &str,
    origin: &str,
    now: DateTime<Utc>,
) -> Result<Opened, Error> {
    let transaction = db.begin().await?;
    let source_id = sources::number(&transaction, source).await?;
    insert_if_absent(&transaction, stream_id, source_id, origin, now).await?;
    let rows = ingest_stream::Entity::update_many()
        .col_expr(ingest_stream::Column::Epoch, Expr::col(ingest_stream::Column::Epoch).add(1))
        .filter(ingest_stream::Column::StreamId.eq(stream_id))
        .exec_with_returning(&transaction)
        .await?;
    let row = rows.into_iter().next();
    let row = row.ok_or_else(|| Error::Corrupt("the stream just opened is gone".to_owned()))?;
    if row.source_id != source_id {
        return Ok(Opened::OtherSource);
    }
    let overtaken = overtaken(&transaction, &row).await?;
    transaction.commit().await?;
    Ok(Opened::Stream(stream(row, overtaken)))
}

/// Whether another stream of the source has written after the last batch of this one.
async fn overtaken(transaction: &Transaction, row: &ingest_stream::Model) -> Result<bool, Error> {
    use ingest_stream::Column;
    if row.last_sequence == 0 {
        return Ok(false);
    }
    let later = ingest_stream::Entity::find()
        .filter(Column::SourceId.eq(row.source_id))
        .filter(Column::StreamId.ne(&row.stream_id))
        .filter(Column::LastSequence.gt(0))
        .filter(Column::UpdatedAt.gt(row.updated_at))
        .one(transaction)
        .await?;
    Ok(later.is_some())
}

fn stream(row: ingest_stream::Model, overtaken: bool) -> Stream {
    let totals = Totals {
        accepted: row.accepted,
        unchanged: row.unchanged,
        rejected: row.rejected,
        reused: row.reused,
        cleaned: row.cleaned,
    };
    Stream {
        stream_id: row.stream_id,
        source_id: row.source_id,
        origin: row.origin,
        epoch: row.epoch,
        last_sequence: row.last_sequence,
        totals,
        overtaken,
        repeats: false,
        share: RejectShare::default(),
    }
}

async fn insert_if_absent(
    transaction: &Transaction,
    stream_id: &str,
    source_id: i64,
    origin: &str,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let row = ingest_stream::ActiveModel {
        stream_id: Set(stream_id.to_owned()),
        source_id: Set(source_id),
        origin: Set(origin.to_owned()),
        epoch: Set(0),
        last_sequence: Set(0),
        accepted: Set(0),
        unchanged: Set(0),
        rejected: Set(0),
        reused: Set(0),
        cleaned: Set(0),
        started_at: Set(time::micros(now)),
        updated_at: Set(time::micros(now)),
    };
    ingest_stream::Entity::insert(row)
        .on_conflict(OnConflict::column(ingest_stream::Column::StreamId).do_nothing().to_owned())
        .exec_without_returning(transaction)
        .await?;
    Ok(())
}

/// What moving a stream on came to.
pub(super) enum Advanced {
    /// It stands behind the batch; `rejects` of its source wait for records of it.
    Done { rejects: bool },
    /// It has been opened elsewhere since.
    TakenOver,
}

/// Moves the stream on past `batch`. One statement tells whether rejects wait, too: most often there
/// are none, and it would be one more for each batch.
pub(super) async fn advance(
    transaction: &Transaction,
    stream: &Stream,
    batch: &Batch,
    counts: Counts,
    now: DateTime<Utc>,
) -> Result<Advanced, Error> {
    use ingest_stream::Column;
    let mut update = ingest_stream::Entity::update_many()
        .col_expr(Column::LastSequence, Expr::value(batch.sequence))
        .col_expr(Column::Accepted, Expr::col(Column::Accepted).add(counts.accepted))
        .col_expr(Column::Unchanged, Expr::col(Column::Unchanged).add(counts.unchanged))
        .col_expr(Column::Rejected, Expr::col(Column::Rejected).add(batch.rejected))
        .col_expr(Column::Reused, Expr::col(Column::Reused).add(counts.reused))
        .col_expr(Column::Cleaned, Expr::col(Column::Cleaned).add(batch.cleaned))
        .col_expr(Column::UpdatedAt, Expr::value(time::micros(now)))
        .filter(Column::StreamId.eq(&stream.stream_id))
        .filter(Column::Epoch.eq(stream.epoch))
        .filter(Column::LastSequence.eq(batch.sequence - 1))
        .into_query();
    let waiting = Expr::exists(rejects::waiting(stream.source_id));
    update.returning(Query::returning().expr(waiting));
    let Some(row) = transaction.query_one(&update).await? else {
        return Ok(Advanced::TakenOver);
    };
    Ok(Advanced::Done { rejects: row.try_get_by_index(0)? })
}

/// Forgets the streams that wrote nothing since `before`; returns how many. One of them that comes
/// again begins anew, and finds its records held already.
pub async fn purge_streams(db: &Database, before: DateTime<Utc>) -> Result<u64, Error> {
    let transaction = db.begin().await?;
    let deleted = ingest_stream::Entity::delete_many()
        .filter(ingest_stream::Column::UpdatedAt.lt(time::micros(before)))
        .exec(&transaction)
        .await?;
    transaction.commit().await?;
    Ok(deleted.rows_affected)
}
