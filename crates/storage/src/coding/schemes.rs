//! Code schemes; one that was created never changes.

use chrono::{DateTime, Utc};
use kehu_core::code_scheme::CodeScheme;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::entity::code_scheme::{ActiveModel, Column, Entity, Model};
use crate::{Database, Error, Page, PageRequest, Transaction, time};

/// A code scheme as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredScheme {
    /// What it says.
    pub definition: CodeScheme,
    /// When it was created.
    pub created_at: DateTime<Utc>,
}

impl TryFrom<Model> for StoredScheme {
    type Error = Error;

    fn try_from(row: Model) -> Result<Self, Error> {
        let definition = serde_json::from_str(&row.definition)
            .map_err(|error| Error::Corrupt(format!("code scheme {}: {error}", row.scheme_id)))?;
        Ok(Self { definition, created_at: time::instant(row.created_at)? })
    }
}

/// Keeps a new scheme; [`Error::AlreadyExists`] when its id is taken.
pub async fn create(
    db: &Database,
    definition: &CodeScheme,
    now: DateTime<Utc>,
) -> Result<StoredScheme, Error> {
    let text = serde_json::to_string(definition)
        .map_err(|error| Error::Corrupt(format!("a code scheme cannot be written: {error}")))?;
    let row = ActiveModel {
        scheme_id: Set(definition.id.clone()),
        definition: Set(text),
        created_at: Set(time::micros(now)),
    };
    let transaction = db.begin().await?;
    let inserted = Entity::insert(row).exec_without_returning(&transaction).await;
    inserted.map_err(Error::from).map_err(|error| match error {
        Error::AlreadyExists { .. } => Error::already_exists("code scheme", &definition.id),
        error => error,
    })?;
    transaction.commit().await?;
    Ok(StoredScheme { definition: definition.clone(), created_at: now })
}

/// One scheme.
pub async fn get(db: &Database, scheme: &str) -> Result<StoredScheme, Error> {
    let row = Entity::find_by_id(scheme.to_owned()).one(db.reader()).await?;
    row.ok_or_else(|| Error::not_found("code scheme", scheme))?.try_into()
}

/// Schemes by id; the key of a page is an id.
pub async fn list(
    db: &Database,
    page: &PageRequest<String>,
) -> Result<Page<StoredScheme, String>, Error> {
    let mut rows = Entity::find();
    if let Some(after) = &page.after {
        rows = rows.filter(Column::SchemeId.gt(after.as_str()));
    }
    let rows = rows.order_by_asc(Column::SchemeId).limit(page.fetch()).all(db.reader()).await?;
    Page::of(page, rows, |row| row.scheme_id.clone()).try_map(TryInto::try_into)
}

/// Keeps every other transaction from giving codes under the scheme until this one ends. Take
/// it before looking who has no code: what is then read holds. Codes without gaps come from one
/// counter a prefix, so that givers would wait for each other anyhow; with one lock in front of
/// all counters they cannot block each other crosswise.
pub async fn lock(transaction: &Transaction, scheme: &str) -> Result<(), Error> {
    let row = Entity::find_by_id(scheme.to_owned()).lock_exclusive().one(transaction).await?;
    row.map(|_| ()).ok_or_else(|| Error::not_found("code scheme", scheme))
}
