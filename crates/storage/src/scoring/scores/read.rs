//! Reading scores, true on a date as known at an instant: the spans that cover the date, by plain
//! conditions on ranges, each brought to the last day for which it was evaluated.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use kehu_core::scorecard::{Score, Scorecard, Scorer};
use kehu_core::{CustomerId, Reference};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, QueryOrder,
    QuerySelect, QueryTrait, Select,
};

use super::timeline::NEVER;
use super::{View, codec, days};
use crate::definitions::{self, Definition};
use crate::facts::CustomerSet;
use crate::scoring::entity::score_span::{Column, Entity, FOREVER, Model};
use crate::scoring::scorecards::Version;
use crate::{Database, Error, Page, PageRequest, time};

/// Customers named in one statement.
const CHUNK: usize = 1_000;
/// The column with the last day that was evaluated.
const EVALUATED: &str = "evaluated";

/// A score of the history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScoreRecord {
    /// Whose.
    pub customer: CustomerId,
    /// The version of the scorecard that gave it.
    pub version: Arc<Version>,
    /// The date it is true on: the last one, up to that which was asked for, for which it was
    /// evaluated.
    pub as_of: NaiveDate,
    /// The score on that date, and what it is made of.
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
    let query = in_view(scorecard_id, view).filter(Column::CustomerId.eq(customer.0));
    Ok(records(db, scorecard_id, view, query).await?.pop())
}

/// The scores under a scorecard, by customer; the key of a page is the customer id.
pub async fn list(
    db: &Database,
    scorecard_id: &str,
    view: View,
    page: &PageRequest,
) -> Result<Page<ScoreRecord>, Error> {
    let mut query = in_view(scorecard_id, view);
    if let Some(after) = page.after {
        query = query.filter(Column::CustomerId.gt(after));
    }
    let query = query.order_by_asc(Column::CustomerId).limit(page.fetch());
    let found = records(db, scorecard_id, view, query).await?;
    Ok(Page::of(page, found, |record| record.customer.0))
}

/// The scores in view of the customers of a set, by customer.
pub(super) async fn of_customers(
    db: &Database,
    scorecard_id: &str,
    view: View,
    customers: &CustomerSet,
) -> Result<Vec<ScoreRecord>, Error> {
    let base = in_view(scorecard_id, view).order_by_asc(Column::CustomerId);
    match customers {
        CustomerSet::All => records(db, scorecard_id, view, base).await,
        CustomerSet::Range(first, last) => {
            let query = base.filter(Column::CustomerId.between(*first, *last));
            records(db, scorecard_id, view, query).await
        }
        CustomerSet::Ids(ids) => {
            let mut found = Vec::new();
            for chunk in ids.chunks(CHUNK) {
                let some = Column::CustomerId.is_in(chunk.iter().copied());
                found.extend(records(db, scorecard_id, view, base.clone().filter(some)).await?);
            }
            Ok(found)
        }
    }
}

/// The day that is asked for; the last of all when none is named.
fn day(view: View) -> i32 {
    view.true_on.map_or(NEVER - 1, time::days)
}

/// The spans that cover the date as known at the instant. One that was closed later was open
/// then.
fn in_view(scorecard_id: &str, view: View) -> Select<Entity> {
    let day = day(view);
    let query = Entity::find()
        .filter(
            Column::ScorecardKey.in_subquery(definitions::key_of(&Scorecard::KIND, scorecard_id)),
        )
        .filter(Column::ValidFrom.lte(day));
    let covers = Column::ValidTo.gt(day);
    match view.known_at.map(time::micros) {
        None => query.filter(Column::KnownTo.eq(FOREVER)).filter(covers),
        Some(known_at) => query
            .filter(Column::KnownFrom.lte(known_at))
            .filter(Column::KnownTo.gt(known_at))
            .filter(Condition::any().add(covers).add(Column::ClosedKnown.gt(known_at))),
    }
}

async fn records(
    db: &Database,
    scorecard_id: &str,
    view: View,
    query: Select<Entity>,
) -> Result<Vec<ScoreRecord>, Error> {
    let known_at = view.known_at.map_or(FOREVER, time::micros);
    let evaluated = days::last_day(scorecard_id, day(view), known_at);
    let query = query.expr_as(Expr::from(evaluated), EVALUATED);
    let statement = query.build(db.reader().get_database_backend());
    let rows = db.reader().query_all_raw(statement).await?;
    let mut spans = Vec::with_capacity(rows.len());
    for row in &rows {
        let evaluated: Option<i32> = row.try_get("", EVALUATED)?;
        spans.push((Model::from_query_result(row, "")?, evaluated));
    }
    let ready = ready(db, &spans).await?;
    let mut records = Vec::with_capacity(spans.len());
    for (row, evaluated) in spans {
        let as_of = evaluated.map_or(row.valid_from, |day| day.max(row.valid_from));
        let ready = ready.get(&row.version_id).ok_or_else(|| gone(row.version_id))?;
        records.push(record(row, ready, as_of)?);
    }
    Ok(records)
}

fn record(row: Model, ready: &Ready, as_of: i32) -> Result<ScoreRecord, Error> {
    let content = codec::decode(&row.inputs, row.grade, row.bins, &ready.version.definition)?;
    let content = content.after(as_of - row.valid_from);
    let values = content.values;
    Ok(ScoreRecord {
        customer: CustomerId(row.customer_id),
        version: Arc::clone(&ready.version),
        as_of: time::date(as_of)?,
        // Its grade is kept: the customer's place among equals need not be looked up.
        score: Score { grade: content.grade, ..ready.scorer.score(&Reference::default(), &values) },
        recorded_at: time::instant(row.known_from)?,
        superseded_at: (row.known_to != FOREVER)
            .then(|| time::instant(row.known_to))
            .transpose()?,
        run_id: row.run_id,
    })
}

/// A published version, ready to score.
#[derive(Debug)]
pub(crate) struct Ready {
    version: Arc<Version>,
    scorer: Scorer,
}

/// The versions of the spans, by their number; each is read once and then kept in memory.
async fn ready(
    db: &Database,
    spans: &[(Model, Option<i32>)],
) -> Result<BTreeMap<i64, Arc<Ready>>, Error> {
    let version_ids: BTreeSet<i64> = spans.iter().map(|(row, _)| row.version_id).collect();
    let (mut ready, missing) = db.scorers.of(&Vec::from_iter(version_ids));
    if missing.is_empty() {
        return Ok(ready);
    }
    for version in definitions::by_numbers(db.reader(), &missing).await? {
        let (version_id, scorer) = (version.version_id, scorer(&version)?);
        let version = Ready { version: Arc::new(version), scorer };
        ready.insert(version_id, db.scorers.keep(version_id, version));
    }
    Ok(ready)
}

fn scorer(version: &Version) -> Result<Scorer, Error> {
    let corrupt = |what: &dyn std::fmt::Display| {
        let id = &version.definition.id;
        Error::Corrupt(format!(
            "version {} of scorecard {id} cannot score: {what}",
            version.version
        ))
    };
    let published = version.published.as_ref().ok_or_else(|| corrupt(&"it is a draft"))?;
    Scorer::new(&version.definition, &published.frozen.calibration).map_err(|error| corrupt(&error))
}

/// Versions by their number among all.
pub(super) type Versions = BTreeMap<i64, Arc<Version>>;

/// The versions of these rows.
pub(super) async fn versions_of(
    connection: &impl ConnectionTrait,
    rows: &[Model],
) -> Result<Versions, Error> {
    let version_ids: BTreeSet<i64> = rows.iter().map(|row| row.version_id).collect();
    let found = definitions::by_numbers(connection, &Vec::from_iter(version_ids)).await?;
    Ok(found.into_iter().map(|version| (version.version_id, Arc::new(version))).collect())
}

pub(super) fn version(versions: &Versions, version_id: i64) -> Result<&Arc<Version>, Error> {
    versions.get(&version_id).ok_or_else(|| gone(version_id))
}

fn gone(version_id: i64) -> Error {
    Error::Corrupt(format!("version {version_id} of a scorecard is gone"))
}
