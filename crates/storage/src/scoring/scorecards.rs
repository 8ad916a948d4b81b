//! Scorecards: at most one draft each, and versions that never change once they are published.

use chrono::{DateTime, NaiveDate, Utc};
use kehu_core::scorecard::{Calibration, Scorecard};
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict, Query, SelectStatement};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect, QueryTrait,
};
use serde::{Serialize, de::DeserializeOwned};

use super::entity::scorecard;
use super::entity::scorecard_version::{ActiveModel, Column, Entity, Model};
use crate::{Database, Error, Page, PageRequest, Transaction, time};

const DRAFT: i32 = 1;
const PUBLISHED: i32 = 2;

/// One version of a scorecard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// Its number among all versions of all scorecards.
    pub version_id: i64,
    /// Its number among the versions of its scorecard: 1, 2, 3 …
    pub version: i64,
    /// What it computes.
    pub definition: Scorecard,
    /// What publishing froze; `None` in a draft.
    pub published: Option<Published>,
    /// When it was created, or last replaced as a draft.
    pub created_at: DateTime<Utc>,
}

/// What publishing froze into a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// The thresholds, and how many customers they came from.
    pub calibration: Calibration,
    /// The business date of the customers' features.
    pub calibrated_on: NaiveDate,
    /// When it was published.
    pub published_at: DateTime<Utc>,
}

/// Creates a draft of the scorecard, or replaces the one there is.
pub async fn save_draft(
    db: &Database,
    definition: &Scorecard,
    now: DateTime<Utc>,
) -> Result<Version, Error> {
    let transaction = db.begin().await?;
    let latest = latest_row(&transaction, &definition.id).await?;
    let row = match latest {
        Some(draft) if draft.state == DRAFT => {
            replace(&transaction, draft, definition, now).await?
        }
        published => {
            number(&transaction, &definition.id).await?;
            let version = published.map_or(0, |row| row.version) + 1;
            insert(&transaction, definition, version, now).await?
        }
    };
    transaction.commit().await?;
    row.try_into()
}

async fn latest_row(
    connection: &impl ConnectionTrait,
    scorecard_id: &str,
) -> Result<Option<Model>, Error> {
    let row = Entity::find()
        .filter(Column::ScorecardId.eq(scorecard_id))
        .order_by_desc(Column::Version)
        .one(connection)
        .await?;
    Ok(row)
}

async fn insert(
    transaction: &Transaction,
    definition: &Scorecard,
    version: i64,
    now: DateTime<Utc>,
) -> Result<Model, Error> {
    let row = ActiveModel {
        scorecard_id: Set(definition.id.clone()),
        version: Set(version),
        state: Set(DRAFT),
        definition: Set(encode(definition)),
        population: Set(0),
        created_at: Set(time::micros(now)),
        ..Default::default()
    };
    match Entity::insert(row).exec_with_returning(transaction).await.map_err(Error::from) {
        Err(Error::AlreadyExists { .. }) => Err(conflict(&definition.id)),
        row => row,
    }
}

async fn replace(
    transaction: &Transaction,
    draft: Model,
    definition: &Scorecard,
    now: DateTime<Utc>,
) -> Result<Model, Error> {
    let definition_text = encode(definition);
    let created_at = time::micros(now);
    let replaced = Entity::update_many()
        .col_expr(Column::Definition, Expr::value(definition_text.clone()))
        .col_expr(Column::CreatedAt, Expr::value(created_at))
        .filter(Column::VersionId.eq(draft.version_id))
        .filter(Column::State.eq(DRAFT))
        .exec(transaction)
        .await?;
    if replaced.rows_affected == 0 {
        return Err(conflict(&definition.id));
    }
    Ok(Model { definition: definition_text, created_at, ..draft })
}

/// Freezes `calibration` into the draft that it was computed from and makes it the version in
/// force. [`Error::Conflict`] when the draft was replaced or published meanwhile.
pub async fn publish(
    db: &Database,
    draft: &Version,
    calibration: &Calibration,
    calibrated_on: NaiveDate,
    now: DateTime<Utc>,
) -> Result<Version, Error> {
    let population = i64::try_from(calibration.population)
        .map_err(|_| Error::Corrupt("more customers than there can be".to_owned()))?;
    let transaction = db.begin().await?;
    let update = Entity::update_many()
        .col_expr(Column::State, Expr::value(PUBLISHED))
        .col_expr(Column::Calibration, Expr::value(encode(calibration)))
        .col_expr(Column::CalibratedOn, Expr::value(time::days(calibrated_on)))
        .col_expr(Column::Population, Expr::value(population))
        .col_expr(Column::PublishedAt, Expr::value(time::micros(now)))
        .filter(Column::VersionId.eq(draft.version_id))
        .filter(Column::State.eq(DRAFT))
        .filter(Column::CreatedAt.eq(time::micros(draft.created_at)))
        .filter(Column::Definition.eq(encode(&draft.definition)));
    if update.exec(&transaction).await?.rows_affected == 0 {
        return Err(conflict(&draft.definition.id));
    }
    transaction.commit().await?;
    let published =
        Published { calibration: calibration.clone(), calibrated_on, published_at: now };
    Ok(Version { published: Some(published), ..draft.clone() })
}

/// A version of a scorecard, the latest (draft or published) when `version` is `None`.
/// [`Error::NotFound`] when there is none.
pub async fn get(
    db: &Database,
    scorecard_id: &str,
    version: Option<i64>,
) -> Result<Version, Error> {
    let row = Entity::find()
        .filter(Column::ScorecardId.eq(scorecard_id))
        .apply_if(version, |query, version| query.filter(Column::Version.eq(version)))
        .order_by_desc(Column::Version)
        .one(db.reader())
        .await?;
    row.ok_or_else(|| {
        let name = match version {
            None => format!("scorecards/{scorecard_id}"),
            Some(version) => format!("scorecards/{scorecard_id}/versions/{version}"),
        };
        Error::not_found("scorecard", name)
    })?
    .try_into()
}

/// The versions with these numbers among all, by number; those that do not exist are left out.
pub async fn by_number(
    connection: &impl ConnectionTrait,
    version_ids: &[i64],
) -> Result<Vec<Version>, Error> {
    let rows = Entity::find()
        .filter(Column::VersionId.is_in(version_ids.iter().copied()))
        .order_by_asc(Column::VersionId)
        .all(connection)
        .await?;
    rows.into_iter().map(Version::try_from).collect()
}

/// The latest version (draft or published) of every scorecard, by id.
pub async fn list_latest(
    db: &Database,
    page: &PageRequest<String>,
) -> Result<Page<Version, String>, Error> {
    let rows = Entity::find()
        .filter(Column::VersionId.in_subquery(latest_ids(None)))
        .apply_if(page.after.clone(), |query, after| query.filter(Column::ScorecardId.gt(after)))
        .order_by_asc(Column::ScorecardId)
        .limit(page.fetch())
        .all(db.reader())
        .await?;
    Page::of(page, rows, |row| row.scorecard_id.clone()).try_map(Version::try_from)
}

/// The published version in force of each of the scorecards (of every one when `scorecard_ids`
/// is empty), by id. Those without one are left out.
pub async fn in_force<T: AsRef<str>>(
    db: &Database,
    scorecard_ids: &[T],
) -> Result<Vec<Version>, Error> {
    let mut query =
        Entity::find().filter(Column::VersionId.in_subquery(latest_ids(Some(PUBLISHED))));
    if !scorecard_ids.is_empty() {
        query = query.filter(Column::ScorecardId.is_in(scorecard_ids.iter().map(AsRef::as_ref)));
    }
    let rows = query.order_by_asc(Column::ScorecardId).all(db.reader()).await?;
    rows.into_iter().map(Version::try_from).collect()
}

/// Numbers grow with versions, so the latest of a scorecard has its largest number.
fn latest_ids(state: Option<i32>) -> SelectStatement {
    let mut query = Query::select();
    query
        .expr(Expr::col(Column::VersionId).max())
        .from("scorecard_version")
        .group_by_col(Column::ScorecardId);
    if let Some(state) = state {
        query.and_where(Column::State.eq(state));
    }
    query
}

/// The number that stands for a scorecard in the rows of many; [`Error::NotFound`] when there is
/// no such scorecard.
pub(super) async fn key(transaction: &Transaction, scorecard_id: &str) -> Result<i32, Error> {
    let row = scorecard::Entity::find()
        .filter(scorecard::Column::ScorecardId.eq(scorecard_id))
        .one(transaction)
        .await?;
    let row =
        row.ok_or_else(|| Error::not_found("scorecard", format!("scorecards/{scorecard_id}")))?;
    Ok(row.scorecard_key)
}

/// The same within another query.
pub(super) fn key_of(scorecard_id: &str) -> SelectStatement {
    Query::select()
        .column(scorecard::Column::ScorecardKey)
        .from("scorecard")
        .and_where(Expr::col(scorecard::Column::ScorecardId).eq(scorecard_id))
        .to_owned()
}

/// Gives a new scorecard its number.
async fn number(transaction: &Transaction, scorecard_id: &str) -> Result<(), Error> {
    let row =
        scorecard::ActiveModel { scorecard_id: Set(scorecard_id.to_owned()), ..Default::default() };
    scorecard::Entity::insert(row)
        .on_conflict(OnConflict::column(scorecard::Column::ScorecardId).do_nothing().to_owned())
        .exec_without_returning(transaction)
        .await?;
    Ok(())
}

impl TryFrom<Model> for Version {
    type Error = Error;

    fn try_from(row: Model) -> Result<Self, Error> {
        let published = match (&row.calibration, row.calibrated_on, row.published_at) {
            (Some(calibration), Some(calibrated_on), Some(published_at)) => Some(Published {
                calibration: decode(calibration)?,
                calibrated_on: time::date(calibrated_on)?,
                published_at: time::instant(published_at)?,
            }),
            _ => None,
        };
        Ok(Self {
            version_id: row.version_id,
            version: row.version,
            definition: decode(&row.definition)?,
            published,
            created_at: time::instant(row.created_at)?,
        })
    }
}

fn encode(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("every key is a string and writing to memory cannot fail")
}

fn decode<T: DeserializeOwned>(text: &str) -> Result<T, Error> {
    serde_json::from_str(text)
        .map_err(|error| Error::Corrupt(format!("a scorecard cannot be read: {error}")))
}

fn conflict(scorecard_id: &str) -> Error {
    Error::Conflict(format!("scorecard {scorecard_id} was changed by another call, repeat yours"))
}
