//! Reading scores, true on a date as known at an instant.
//!
//! Every query starts at the customers and finds the one row of each by the index of the
//! history, so that it costs the same however long the history is.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use kehu_core::CustomerId;
use kehu_core::scorecard::Score;
use sea_orm::sea_query::{Cond, Expr, ExprTrait, JoinType, Order, Query, SelectStatement};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, QueryResult,
    QuerySelect,
};

use super::View;
use super::codec;
use crate::facts::CustomerSet;
use crate::scoring::entity::score::{Column, Entity, Model};
use crate::scoring::scorecards::{self, Version};
use crate::{Database, Error, Page, PageRequest, time};

/// Customers named in one statement.
const CHUNK: usize = 1_000;

/// A score of the history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScoreRecord {
    /// Whose.
    pub customer: CustomerId,
    /// The version of the scorecard that gave it.
    pub version: Arc<Version>,
    /// The date it is true on.
    pub as_of: NaiveDate,
    /// The score and what it is made of.
    pub score: Score,
    /// When it was recorded.
    pub recorded_at: DateTime<Utc>,
    /// When another took its place; `None` while it stands.
    pub superseded_at: Option<DateTime<Utc>>,
    /// The run that computed it; `None` when it followed from a change.
    pub run_id: Option<i64>,
}

/// The customer's score under a scorecard; `None` when there is none.
pub async fn find(
    db: &Database,
    scorecard_id: &str,
    customer: CustomerId,
    view: View,
) -> Result<Option<ScoreRecord>, Error> {
    let mut query = full(scorecard_id, view);
    query.and_where(Expr::col(("c", "customer_id")).eq(customer.0));
    Ok(records(db, &query).await?.pop())
}

/// The scores under a scorecard, by customer; the key of a page is the customer id.
pub async fn list(
    db: &Database,
    scorecard_id: &str,
    view: View,
    page: &PageRequest,
) -> Result<Page<ScoreRecord>, Error> {
    let mut query = full(scorecard_id, view);
    if let Some(after) = page.after {
        query.and_where(Expr::col(("c", "customer_id")).gt(after));
    }
    query.order_by(("c", "customer_id"), Order::Asc).limit(page.fetch());
    let found = records(db, &query).await?;
    Ok(Page::of(page, found, |record| record.customer.0))
}

/// The latest date for which each of the customers has a score that stands; customers without
/// one are left out.
pub async fn latest_dates(
    db: &Database,
    scorecard_id: &str,
    customers: &[CustomerId],
) -> Result<BTreeMap<CustomerId, NaiveDate>, Error> {
    let mut dates = BTreeMap::new();
    for chunk in customers.chunks(CHUNK) {
        let rows: Vec<(i64, i32)> = Entity::find()
            .select_only()
            .column(Column::CustomerId)
            .column_as(Column::AsOf.max(), "as_of")
            .filter(Column::ScorecardId.eq(scorecard_id))
            .filter(Column::CustomerId.is_in(chunk.iter().map(|customer| customer.0)))
            .filter(Column::SupersededAt.is_null())
            .group_by(Column::CustomerId)
            .into_tuple()
            .all(db.reader())
            .await?;
        for (customer, as_of) in rows {
            dates.insert(CustomerId(customer), time::date(as_of)?);
        }
    }
    Ok(dates)
}

async fn records(db: &Database, query: &SelectStatement) -> Result<Vec<ScoreRecord>, Error> {
    let rows = db.reader().query_all(query).await?;
    let versions = versions_of(db, &rows).await?;
    let mut records = Vec::with_capacity(rows.len());
    for row in rows {
        let row = Model::from_query_result(&row, "")?;
        records.push(record(&row, version(&versions, row.version_id)?)?);
    }
    Ok(records)
}

fn record(row: &Model, version: &Arc<Version>) -> Result<ScoreRecord, Error> {
    Ok(ScoreRecord {
        customer: CustomerId(row.customer_id),
        version: Arc::clone(version),
        as_of: time::date(row.as_of)?,
        score: codec::decode(row, &version.definition)?,
        recorded_at: time::instant(row.recorded_at)?,
        superseded_at: row.superseded_at.map(time::instant).transpose()?,
        run_id: row.run_id,
    })
}

/// Versions by their number among all.
pub(super) type Versions = BTreeMap<i64, Arc<Version>>;

/// The versions named in the column `version_id`.
pub(super) async fn versions_of(db: &Database, rows: &[QueryResult]) -> Result<Versions, Error> {
    let mut version_ids = BTreeSet::new();
    for row in rows {
        version_ids.insert(row.try_get("", "version_id")?);
    }
    let found = scorecards::by_number(db, &Vec::from_iter(version_ids)).await?;
    Ok(found.into_iter().map(|version| (version.version_id, Arc::new(version))).collect())
}

pub(super) fn version(versions: &Versions, version_id: i64) -> Result<&Arc<Version>, Error> {
    versions
        .get(&version_id)
        .ok_or_else(|| Error::Corrupt(format!("version {version_id} of a scorecard is gone")))
}

/// Every column of the scores in view.
fn full(scorecard_id: &str, view: View) -> SelectStatement {
    let mut query = history(scorecard_id, view);
    query.column(("s", sea_orm::sea_query::Asterisk));
    query
}

/// The query of the scores in view for each of the customers, one statement a chunk.
pub(super) fn of_customers(
    scorecard_id: &str,
    view: View,
    customers: &CustomerSet,
) -> Vec<SelectStatement> {
    let id = || Expr::col(("c", "customer_id"));
    let mut base = history(scorecard_id, view);
    base.order_by(("c", "customer_id"), Order::Asc);
    match customers {
        CustomerSet::All => vec![base],
        CustomerSet::Range(first, last) => {
            base.and_where(id().between(*first, *last));
            vec![base]
        }
        CustomerSet::Ids(ids) => {
            let chunks = ids.chunks(CHUNK);
            let some = |chunk: &[i64]| {
                base.clone().and_where(id().is_in(chunk.iter().copied())).to_owned()
            };
            chunks.map(some).collect()
        }
    }
}

/// Customers `c`, each with its score in view `s`, still without columns.
fn history(scorecard_id: &str, view: View) -> SelectStatement {
    let is_in_view = Expr::col(("s", "score_id")).eq(in_view(scorecard_id, view));
    let mut query = Query::select();
    query.from_as("customer", "c").join_as(JoinType::InnerJoin, "score", "s", is_in_view);
    query
}

/// The number of the score in view of customer `c`.
fn in_view(scorecard_id: &str, view: View) -> Expr {
    let column = |name: &'static str| Expr::col(("t", name));
    let mut query = Query::select();
    query
        .column(("t", "score_id"))
        .from_as("score", "t")
        .and_where(column("scorecard_id").eq(scorecard_id))
        .and_where(column("customer_id").eq(Expr::col(("c", "customer_id"))))
        .order_by(("t", "as_of"), Order::Desc)
        .order_by(("t", "recorded_at"), Order::Desc)
        .limit(1);
    if let Some(true_on) = view.true_on {
        query.and_where(column("as_of").lte(time::days(true_on)));
    }
    match view.known_at.map(time::micros) {
        None => query.and_where(column("superseded_at").is_null()),
        Some(known_at) => query.and_where(column("recorded_at").lte(known_at)).cond_where(
            Cond::any()
                .add(column("superseded_at").is_null())
                .add(column("superseded_at").gt(known_at)),
        ),
    };
    Expr::from(sea_orm::sea_query::SubQueryStatement::SelectStatement(query))
}
