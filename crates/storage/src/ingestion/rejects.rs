//! Refused records.

use chrono::{DateTime, Utc};
use sea_orm::sea_query::{Alias, Expr};
use sea_orm::{ColumnTrait, EntityTrait, Order, QueryFilter, QueryOrder, QuerySelect, Select};

use super::entity::reject;
use super::{Batch, Problem, RejectShare, Stream, sources::Names};
use crate::bulk::{self, Column, OnConflict};
use crate::document::{self, Document};
use crate::{Database, Error, Page, PageRequest, Transaction, dialect, time};

/// A refused record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reject {
    /// Its number.
    pub id: i64,
    /// The name of its source.
    pub source: String,
    /// The stream it came on.
    pub stream_id: String,
    /// Where the stream came from, for people.
    pub origin: String,
    /// Line of the origin; 0 when it did not come from a file.
    pub line_number: i64,
    /// Everything that is wrong with it.
    pub problems: Vec<Problem>,
    /// The record as it came, at most 64 KiB.
    pub raw: String,
    /// Its length in bytes as it came.
    pub raw_length: i64,
    /// When it was refused.
    pub recorded_at: DateTime<Utc>,
    /// What of it cannot be read any more, for the log; the rest is as it was kept.
    pub damage: Option<String>,
}

/// Which rejects are meant; `None` is all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RejectFilter {
    /// Those of this stream.
    pub stream_id: Option<String>,
    /// Those whose first problem has this reason, a number of the contract's `ProblemReason`.
    pub reason: Option<i32>,
}

/// A page of rejects, oldest first.
pub async fn list_rejects(
    db: &Database,
    filter: &RejectFilter,
    page: &PageRequest,
) -> Result<Page<Reject>, Error> {
    let rows = select(filter)
        .filter(reject::Column::RejectId.gt(page.after.unwrap_or(0)))
        .order_by_asc(reject::Column::RejectId)
        .limit(page.fetch())
        .all(db.reader())
        .await?;
    let names = Names::load(db.reader()).await?;
    Page::of(page, rows, |row| row.reject_id).try_map(|row| Ok(decode(row, &names)))
}

/// What the description of a reject says whose problems cannot be read.
const UNREADABLE: &str = "what is wrong with it cannot be read any more, only the reason that it is \
                          filed under; the record itself is kept";

/// One that is damaged is listed as far as it can be read: it holds up none of the others.
fn decode(row: reject::Model, names: &Names) -> Reject {
    let mut damage = None;
    let problems = document::read(&row.problems).unwrap_or_else(|error| {
        damage = Some(error.to_string());
        let description = UNREADABLE.to_owned();
        vec![Problem { field: String::new(), reason: row.reason, description }]
    });
    let source = names.get(row.source_id).unwrap_or_else(|error| {
        damage = Some(error.to_string());
        String::new()
    });
    let recorded_at = time::instant(row.recorded_at).unwrap_or_else(|error| {
        damage = Some(error.to_string());
        DateTime::UNIX_EPOCH
    });
    Reject {
        id: row.reject_id,
        source,
        stream_id: row.stream_id,
        origin: row.origin,
        line_number: row.line_number,
        problems,
        raw: row.raw,
        raw_length: row.raw_length,
        recorded_at,
        damage,
    }
}

/// How many rejects there are by first reason, most frequent first.
pub async fn count_rejects(db: &Database, filter: &RejectFilter) -> Result<Vec<(i32, i64)>, Error> {
    let count = Alias::new("count");
    let rows = select(filter)
        .select_only()
        .column(reject::Column::Reason)
        .column_as(reject::Column::RejectId.count(), "count")
        .group_by(reject::Column::Reason)
        .order_by(Expr::col(count), Order::Desc)
        .order_by_asc(reject::Column::Reason)
        .into_tuple()
        .all(db.reader())
        .await?;
    Ok(rows)
}

fn select(filter: &RejectFilter) -> Select<reject::Entity> {
    let mut query = reject::Entity::find();
    if let Some(stream_id) = &filter.stream_id {
        query = query.filter(reject::Column::StreamId.eq(stream_id));
    }
    if let Some(reason) = filter.reason {
        query = query.filter(reject::Column::Reason.eq(reason));
    }
    query
}

/// Bytes of a reject besides its texts.
const ROW: usize = 100;

/// Keeps the rejects of a batch; how many older ones of the caller made room for them.
pub(super) async fn write(
    transaction: &Transaction,
    stream: &Stream,
    batch: &Batch,
    now: DateTime<Utc>,
) -> Result<u64, Error> {
    let rejects = &batch.rejects;
    let count = rejects.len();
    if count == 0 {
        return Ok(0);
    }
    let share = &stream.share;
    dialect::keep_rejects(transaction, &share.caller).await?;
    let problems: Vec<_> = rejects.iter().map(|reject| document::write(&reject.problems)).collect();
    let mut through = Vec::with_capacity(count);
    let mut last = taken(transaction, &share.caller).await?;
    for (reject, problems) in rejects.iter().zip(&problems) {
        let bytes = reject.raw.len() + problems.len() + stream.origin.len() + ROW;
        last += i64::try_from(bytes).unwrap_or(i64::MAX);
        through.push(last);
    }
    let reasons = rejects.iter().map(|reject| reject.problems.first().map_or(0, |p| p.reason));
    let columns = [
        ("source_id", Column::I64(vec![stream.source_id; count])),
        ("stream_id", Column::Text(vec![stream.stream_id.clone(); count])),
        ("origin", Column::Text(vec![stream.origin.clone(); count])),
        ("line_number", Column::I64(rejects.iter().map(|reject| reject.line_number).collect())),
        ("reason", Column::I32(reasons.collect())),
        ("problems", Column::Text(problems)),
        ("raw", Column::Text(rejects.iter().map(|reject| reject.raw.clone()).collect())),
        ("raw_length", Column::I64(rejects.iter().map(|reject| reject.raw_length).collect())),
        ("caller", Column::Text(vec![share.caller.clone(); count])),
        ("through", Column::I64(through)),
        ("recorded_at", Column::I64(vec![time::micros(now); count])),
    ];
    bulk::insert(transaction, "reject", &columns, OnConflict::Fail).await?;
    make_room(transaction, share, last).await
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

impl Document for Vec<Problem> {
    const NAME: &'static str = "list of what is wrong with a record";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_format_before_and_one_to_come_are_read() {
        let own = r#"[1,1,[{"field":"amount","reason":3,"description":"no number"}]]"#;
        let problems: Vec<Problem> = document::read(own).unwrap();
        assert_eq!((problems[0].reason, document::write(&problems).as_str()), (3, own));
        let more = r#"[2,1,[{"field":"amount","reason":3,"description":"no number","row":7}]]"#;
        assert_eq!(document::read::<Vec<Problem>>(more).unwrap(), problems);
        let newer = document::read::<Vec<Problem>>("[2,2,[]]");
        assert!(matches!(newer, Err(Error::NewerFormat { needed: 2, .. })));
    }
}
