//! Refused records: kept as they came, with what is wrong, until somebody has seen to them.

mod damage;
mod settle;
mod write;

pub use damage::{check_rejects, count_damaged};
pub use settle::{Discard, Discarded, discard_rejects};
pub(super) use settle::{accepted, settle, waiting};
pub use write::purge_rejects;
pub(super) use write::write;

use chrono::{DateTime, Utc};
use sea_orm::sea_query::{Alias, Expr, SimpleExpr};
use sea_orm::{ColumnTrait, EntityTrait, Order, QueryFilter, QueryOrder, QuerySelect, Select};

use super::entity::reject;
use super::{Problem, RecordKey, sources::Names};
use crate::document::{self, Document};
use crate::{Database, Error, Page, PageRequest, time};

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
    /// The record that it was to be, as far as that is known.
    pub key: Option<RecordKey>,
    /// What became of it; `None` while it is open.
    pub settled: Option<Settled>,
    /// What of it cannot be read any more, for the log; the rest is as it was kept.
    pub damage: Option<String>,
}

/// How a reject was closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    /// When.
    pub at: DateTime<Utc>,
    /// Why it was discarded, and by whom; `None` where the record was accepted since.
    pub discarded: Option<(String, String)>,
}

/// In which state rejects are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RejectState {
    /// Nobody has seen to it.
    Open,
    /// The record was accepted since.
    Accepted,
    /// Somebody discarded it.
    Discarded,
}

impl RejectState {
    /// The condition is written out: it is that of an index of both databases.
    pub(in crate::ingestion) fn holds(self) -> SimpleExpr {
        match self {
            Self::Open => Expr::cust("settled_at IS NULL"),
            Self::Accepted => Expr::cust("settled_at IS NOT NULL AND discard_reason IS NULL"),
            Self::Discarded => Expr::cust("discard_reason IS NOT NULL"),
        }
    }
}

/// Which rejects are meant; `None` is all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RejectFilter {
    /// Those of this stream.
    pub stream_id: Option<String>,
    /// Those whose first problem has this reason, a number of the contract's `ProblemReason`.
    pub reason: Option<i32>,
    /// Those in this state.
    pub state: Option<RejectState>,
    /// Those alone that were found to be damaged.
    pub damaged: bool,
}

/// A page of rejects, oldest first; a shorter one where records and problems are long.
pub async fn list_rejects(
    db: &Database,
    filter: &RejectFilter,
    page: &PageRequest,
) -> Result<Page<Reject>, Error> {
    let from = select(filter)
        .filter(reject::Column::RejectId.gt(page.after.unwrap_or(0)))
        .order_by_asc(reject::Column::RejectId);
    let lengths = from
        .clone()
        .select_only()
        .expr_as(Expr::cust("CAST(octet_length(raw) + octet_length(problems) AS bigint)"), "length")
        .limit(page.limit);
    let page = page.fitting(&lengths.into_tuple::<i64>().all(db.reader()).await?);
    let rows = from.limit(page.fetch()).all(db.reader()).await?;
    let names = Names::load(db.reader()).await?;
    Page::of(&page, rows, |row| row.reject_id).try_map(|row| Ok(decode(row, &names)))
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
    let mut at = |micros| {
        time::instant(micros).unwrap_or_else(|error| {
            damage = Some(error.to_string());
            DateTime::UNIX_EPOCH
        })
    };
    let recorded_at = at(row.recorded_at);
    let by = row.discarded_by.unwrap_or_default();
    let discarded = row.discard_reason.map(|reason| (reason, by));
    let settled = row.settled_at.map(|settled_at| Settled { at: at(settled_at), discarded });
    let key = RecordKey { kind: row.record_kind, external_id: row.external_id };
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
        key: Some(key).filter(|key| !key.kind.is_empty()),
        settled,
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
    if let Some(state) = filter.state {
        query = query.filter(state.holds());
    }
    if filter.damaged {
        query = query.filter(Expr::cust("damaged"));
    }
    query
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
