//! Keeping rejects, and forgetting them.

use chrono::{DateTime, Utc};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::super::entity::reject;
use super::super::{Batch, NewReject, RecordKey, RejectShare, Stream};
use crate::bulk::{self, Column, OnConflict};
use crate::{Database, Error, Transaction, dialect, document, time};

/// Bytes of a reject besides its texts.
const ROW: usize = 100;

/// Keeps the rejects of a batch; how many older ones of the caller made room for them.
pub(in crate::ingestion) async fn write(
    transaction: &Transaction,
    stream: &Stream,
    batch: &Batch,
    now: DateTime<Utc>,
) -> Result<u64, Error> {
    let rejects = &batch.rejects;
    if rejects.is_empty() {
        return Ok(0);
    }
    let share = &stream.share;
    dialect::keep_rejects(transaction, &share.caller).await?;
    let problems: Vec<_> = rejects.iter().map(|reject| document::write(&reject.problems)).collect();
    let mut through = Vec::with_capacity(rejects.len());
    let mut last = taken(transaction, &share.caller).await?;
    for (reject, problems) in rejects.iter().zip(&problems) {
        let bytes = reject.raw.len() + problems.len() + stream.origin.len() + ROW;
        last += i64::try_from(bytes).unwrap_or(i64::MAX);
        through.push(last);
    }
    let mut columns = columns(stream, rejects, now);
    columns.push(("problems", Column::Text(problems)));
    columns.push(("through", Column::I64(through)));
    bulk::insert(transaction, "reject", &columns, OnConflict::Fail).await?;
    make_room(transaction, share, last).await
}

fn columns(
    stream: &Stream,
    rejects: &[NewReject],
    now: DateTime<Utc>,
) -> Vec<(&'static str, Column)> {
    let count = rejects.len();
    let reasons = rejects.iter().map(|reject| reject.problems.first().map_or(0, |p| p.reason));
    let key = |of: fn(&RecordKey) -> &String| {
        let keys = rejects.iter().map(|reject| reject.key.as_ref().map(of).cloned());
        Column::Text(keys.map(Option::unwrap_or_default).collect())
    };
    vec![
        ("source_id", Column::I64(vec![stream.source_id; count])),
        ("stream_id", Column::Text(vec![stream.stream_id.clone(); count])),
        ("origin", Column::Text(vec![stream.origin.clone(); count])),
        ("line_number", Column::I64(rejects.iter().map(|reject| reject.line_number).collect())),
        ("reason", Column::I32(reasons.collect())),
        ("raw", Column::Text(rejects.iter().map(|reject| reject.raw.clone()).collect())),
        ("raw_length", Column::I64(rejects.iter().map(|reject| reject.raw_length).collect())),
        ("caller", Column::Text(vec![stream.share.caller.clone(); count])),
        ("recorded_at", Column::I64(vec![time::micros(now); count])),
        ("record_kind", key(|key| &key.kind)),
        ("external_id", key(|key| &key.external_id)),
        ("part", Column::I32(rejects.iter().map(|reject| reject.part.into()).collect())),
    ]
}

/// How many bytes of rejects of a caller there were, up to the last one that is held.
async fn taken(transaction: &Transaction, caller: &str) -> Result<i64, Error> {
    let last = reject::Entity::find()
        .select_only()
        .column(reject::Column::Through)
        .filter(reject::Column::Caller.eq(caller))
        .order_by_desc(reject::Column::Through)
        .limit(1)
        .into_tuple()
        .one(transaction)
        .await?;
    Ok(last.unwrap_or_default())
}

/// Deletes what is beyond the share of a caller, the oldest; how many rejects.
async fn make_room(
    transaction: &Transaction,
    share: &RejectShare,
    last: i64,
) -> Result<u64, Error> {
    if last <= share.bytes {
        return Ok(0);
    }
    let deleted = reject::Entity::delete_many()
        .filter(reject::Column::Caller.eq(&share.caller))
        .filter(reject::Column::Through.lte(last - share.bytes))
        .exec(transaction)
        .await?;
    Ok(deleted.rows_affected)
}

/// Deletes the rejects recorded before `before`; returns how many.
pub async fn purge_rejects(db: &Database, before: DateTime<Utc>) -> Result<u64, Error> {
    let transaction = db.begin().await?;
    let deleted = reject::Entity::delete_many()
        .filter(reject::Column::RecordedAt.lt(time::micros(before)))
        .exec(&transaction)
        .await?;
    transaction.commit().await?;
    Ok(deleted.rows_affected)
}
