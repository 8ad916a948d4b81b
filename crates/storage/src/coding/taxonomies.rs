//! Taxonomies in versions: at most one draft, after it is published it never changes.

use chrono::{DateTime, Utc};
use kehu_core::taxonomy::Taxonomy;
use sea_orm::sea_query::{Expr, ExprTrait, Query, SelectStatement};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect,
};

use super::entity::taxonomy_version::{ActiveModel, Column, Entity, Model};
use crate::{Database, Error, Page, PageRequest, Transaction, time};

/// One version of a taxonomy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaxonomyVersion {
    /// Its number over all taxonomies.
    pub version_id: i64,
    /// 1, 2, 3 … in the taxonomy.
    pub version: i64,
    /// What it says; its `id` is that of the taxonomy.
    pub definition: Taxonomy,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it was published; `None` in a draft.
    pub published_at: Option<DateTime<Utc>>,
}

impl TryFrom<Model> for TaxonomyVersion {
    type Error = Error;

    fn try_from(row: Model) -> Result<Self, Error> {
        let definition = serde_json::from_str(&row.definition).map_err(|error| {
            Error::Corrupt(format!("version {} of a taxonomy: {error}", row.version_id))
        })?;
        Ok(Self {
            version_id: row.version_id,
            version: row.version,
            definition,
            created_at: time::instant(row.created_at)?,
            published_at: row.published_at.map(time::instant).transpose()?,
        })
    }
}

/// Keeps `definition` as the draft of its taxonomy, in place of the draft there may be.
pub async fn save_draft(
    db: &Database,
    definition: &Taxonomy,
    now: DateTime<Utc>,
) -> Result<TaxonomyVersion, Error> {
    let transaction = db.begin().await?;
    let text = encode(definition)?;
    let saved = match latest(&transaction, &definition.id).await? {
        Some(draft) if draft.published_at.is_none() => {
            replace_draft(&transaction, draft.version_id, &text, now).await?;
            Model { definition: text, created_at: time::micros(now), ..draft }
        }
        published => {
            let version = published.map_or(1, |row| row.version + 1);
            insert_draft(&transaction, &definition.id, version, text, now).await?
        }
    };
    transaction.commit().await?;
    saved.try_into()
}

async fn replace_draft(
    transaction: &Transaction,
    version_id: i64,
    text: &str,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let replaced = Entity::update_many()
        .col_expr(Column::Definition, Expr::value(text))
        .col_expr(Column::CreatedAt, Expr::value(time::micros(now)))
        .filter(Column::VersionId.eq(version_id))
        .filter(Column::PublishedAt.is_null())
        .exec(transaction)
        .await?;
    if replaced.rows_affected == 1 {
        return Ok(());
    }
    Err(Error::Conflict("the draft was published meanwhile, create it again".to_owned()))
}

async fn insert_draft(
    transaction: &Transaction,
    taxonomy: &str,
    version: i64,
    definition: String,
    now: DateTime<Utc>,
) -> Result<Model, Error> {
    let row = ActiveModel {
        taxonomy_id: Set(taxonomy.to_owned()),
        version: Set(version),
        definition: Set(definition),
        created_at: Set(time::micros(now)),
        ..Default::default()
    };
    let inserted = Entity::insert(row).exec_with_returning(transaction).await;
    inserted.map_err(Error::from).map_err(|error| match error {
        Error::AlreadyExists { .. } => {
            Error::Conflict(format!("another draft of {taxonomy} was created meanwhile, repeat"))
        }
        error => error,
    })
}

/// Publishes the draft, provided that it still says what `checked` says:
/// [`Error::Conflict`] when it was replaced or published meanwhile.
pub async fn publish(
    db: &Database,
    checked: &TaxonomyVersion,
    now: DateTime<Utc>,
) -> Result<TaxonomyVersion, Error> {
    let transaction = db.begin().await?;
    let published = Entity::update_many()
        .col_expr(Column::PublishedAt, Expr::value(time::micros(now)))
        .filter(Column::VersionId.eq(checked.version_id))
        .filter(Column::PublishedAt.is_null())
        .filter(Column::Definition.eq(encode(&checked.definition)?))
        .exec(&transaction)
        .await?;
    if published.rows_affected != 1 {
        return Err(Error::Conflict("the draft changed meanwhile, publish it again".to_owned()));
    }
    transaction.commit().await?;
    Ok(TaxonomyVersion { published_at: Some(now), ..checked.clone() })
}

/// A version of a taxonomy, the latest (it may be a draft) when none is named.
pub async fn get(
    db: &Database,
    taxonomy: &str,
    version: Option<i64>,
) -> Result<TaxonomyVersion, Error> {
    let found = match version {
        None => latest(db.reader(), taxonomy).await?,
        Some(version) => {
            let named = Entity::find().filter(Column::TaxonomyId.eq(taxonomy));
            named.filter(Column::Version.eq(version)).one(db.reader()).await?
        }
    };
    let missing = || match version {
        None => Error::not_found("taxonomy", taxonomy),
        Some(version) => Error::not_found("taxonomy", format!("{taxonomy} version {version}")),
    };
    found.ok_or_else(missing)?.try_into()
}

/// The latest version of every taxonomy, by id; the key of a page is a taxonomy id.
pub async fn list(
    db: &Database,
    page: &PageRequest<String>,
) -> Result<Page<TaxonomyVersion, String>, Error> {
    let mut rows = Entity::find().filter(Column::VersionId.in_subquery(latest_ids(false)));
    if let Some(after) = &page.after {
        rows = rows.filter(Column::TaxonomyId.gt(after.as_str()));
    }
    let rows = rows.order_by_asc(Column::TaxonomyId).limit(page.fetch()).all(db.reader()).await?;
    Page::of(page, rows, |row| row.taxonomy_id.clone()).try_map(TryInto::try_into)
}

/// The latest published version of every taxonomy, by id. It comes in force with its first run
/// through everybody.
pub async fn latest_published(db: &Database) -> Result<Vec<TaxonomyVersion>, Error> {
    let rows = Entity::find()
        .filter(Column::VersionId.in_subquery(latest_ids(true)))
        .order_by_asc(Column::TaxonomyId)
        .all(db.reader())
        .await?;
    rows.into_iter().map(TryInto::try_into).collect()
}

/// The versions with these numbers, by number.
pub async fn by_ids(db: &Database, version_ids: &[i64]) -> Result<Vec<TaxonomyVersion>, Error> {
    let rows = Entity::find()
        .filter(Column::VersionId.is_in(version_ids.iter().copied()))
        .order_by_asc(Column::VersionId)
        .all(db.reader())
        .await?;
    rows.into_iter().map(TryInto::try_into).collect()
}

/// The version with this number.
pub async fn by_id(db: &Database, version_id: i64) -> Result<TaxonomyVersion, Error> {
    let row = Entity::find_by_id(version_id).one(db.reader()).await?;
    row.ok_or_else(|| Error::not_found("version of a taxonomy", version_id))?.try_into()
}

/// Every published version of a taxonomy, the newest first.
pub async fn published(db: &Database, taxonomy: &str) -> Result<Vec<TaxonomyVersion>, Error> {
    let rows = Entity::find()
        .filter(Column::TaxonomyId.eq(taxonomy))
        .filter(Column::PublishedAt.is_not_null())
        .order_by_desc(Column::Version)
        .all(db.reader())
        .await?;
    rows.into_iter().map(TryInto::try_into).collect()
}

async fn latest(connection: &impl ConnectionTrait, taxonomy: &str) -> Result<Option<Model>, Error> {
    let versions = Entity::find().filter(Column::TaxonomyId.eq(taxonomy));
    Ok(versions.order_by_desc(Column::Version).one(connection).await?)
}

/// Selects the number of the latest version of every taxonomy: version numbers and their places
/// in the table grow together, because a draft is replaced and never inserted before another.
fn latest_ids(published: bool) -> SelectStatement {
    let mut ids = Query::select();
    ids.expr(Expr::col(Column::VersionId).max()).from(Entity).group_by_col(Column::TaxonomyId);
    if published {
        ids.and_where(Column::PublishedAt.is_not_null());
    }
    ids
}

fn encode(definition: &Taxonomy) -> Result<String, Error> {
    serde_json::to_string(definition)
        .map_err(|error| Error::Corrupt(format!("a taxonomy cannot be written: {error}")))
}
