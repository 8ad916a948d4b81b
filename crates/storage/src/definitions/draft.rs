//! Drafts: saved, looked at beforehand, approved.

use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};

use super::events::{Deed, Done, note};
use super::read::{definition, latest};
use super::{Definition, Kind, Signed, Version, etag, parse_etag};
use crate::entity::definition as name;
use crate::entity::definition_version::{ActiveModel, Column, Entity, Model};
use crate::{Database, Error, Transaction, document, time};

/// Creates a draft of the definition, or replaces the one there is; an approval does not pass on
/// to what takes its place. With an `etag` only if the draft still has it:
/// [`Error::EtagMismatch`] otherwise. [`Error::Refused`] when the definition is retired.
pub async fn save_draft<D: Definition>(
    db: &Database,
    definition: &D,
    etag: Option<&str>,
    signed: &Signed,
) -> Result<Version<D>, Error> {
    let transaction = db.begin().await?;
    let id = definition.id();
    check_not_retired(&transaction, &D::KIND, id).await?;
    let saved = match latest(&transaction, &D::KIND, id).await? {
        Some(draft) if draft.published_at.is_none() => {
            replace(&transaction, draft, definition, etag, signed).await?
        }
        _ if etag.is_some() => return Err(mismatch(&D::KIND, id)),
        published => {
            insert_name(&transaction, &D::KIND, id).await?;
            let version = published.map_or(1, |row| row.version + 1);
            let row = row(definition, version, signed);
            insert(&transaction, row).await?.ok_or_else(|| D::KIND.conflict(id))?
        }
    };
    note(&transaction, (&D::KIND, id), Done::new(Deed::Drafted, saved.version), signed).await?;
    let saved = saved.try_into()?;
    transaction.commit().await?;
    Ok(saved)
}

/// What saving the draft would give.
pub async fn preview<D: Definition>(
    db: &Database,
    definition: &D,
    signed: &Signed,
) -> Result<Version<D>, Error> {
    check_not_retired(db.reader(), &D::KIND, definition.id()).await?;
    let (version_id, version) = match latest(db.reader(), &D::KIND, definition.id()).await? {
        Some(draft) if draft.published_at.is_none() => (draft.version_id, draft.version),
        published => (0, published.map_or(1, |row| row.version + 1)),
    };
    Ok(Version {
        version_id,
        version,
        etag: String::new(),
        definition: definition.clone(),
        drafted: signed.clone(),
        approved: None,
        published: None,
    })
}

/// Approves the draft as it is. [`Error::Refused`] when it is its author who does, or somebody
/// who is not known, and [`Error::Conflict`] when it was replaced or published meanwhile.
pub async fn approve<D: Definition>(
    db: &Database,
    draft: &Version<D>,
    signed: &Signed,
) -> Result<Version<D>, Error> {
    let id = draft.definition.id();
    if signed.by.is_none() || signed.by == draft.drafted.by {
        return Err(Error::Refused {
            condition: "APPROVED_BY_ANOTHER",
            subject: D::KIND.resource(id),
            description: "a draft is approved by somebody other than its author".to_owned(),
        });
    }
    let transaction = db.begin().await?;
    let update = Entity::update_many()
        .col_expr(Column::ApprovedAt, Expr::value(time::micros(signed.at)))
        .col_expr(Column::ApprovedBy, Expr::value(signed.by.clone()));
    if change(&transaction, update, &draft.etag).await? == 0 {
        return Err(D::KIND.conflict(id));
    }
    note(&transaction, (&D::KIND, id), Done::new(Deed::Approved, draft.version), signed).await?;
    let approved = held(&transaction, draft.version_id).await?.try_into()?;
    transaction.commit().await?;
    Ok(approved)
}

async fn replace<D: Definition>(
    transaction: &Transaction,
    draft: Model,
    definition: &D,
    expected: Option<&str>,
    signed: &Signed,
) -> Result<Model, Error> {
    let update = Entity::update_many()
        .col_expr(Column::Document, Expr::value(document::write(definition)))
        .col_expr(Column::DraftedAt, Expr::value(time::micros(signed.at)))
        .col_expr(Column::DraftedBy, Expr::value(signed.by.clone()))
        .col_expr(Column::ApprovedAt, Expr::value(None::<i64>))
        .col_expr(Column::ApprovedBy, Expr::value(None::<String>));
    let own = etag(draft.version_id, draft.revision);
    if change(transaction, update, expected.unwrap_or(&own)).await? == 0 {
        return Err(match expected {
            Some(_) => mismatch(&D::KIND, definition.id()),
            None => D::KIND.conflict(definition.id()),
        });
    }
    held(transaction, draft.version_id).await
}

/// Changes the draft with this etag; how many there are, one or none.
pub(super) async fn change(
    transaction: &Transaction,
    update: sea_orm::UpdateMany<Entity>,
    etag: &str,
) -> Result<u64, Error> {
    let Some((version_id, revision)) = parse_etag(etag) else { return Ok(0) };
    let changed = update
        .col_expr(Column::Revision, Expr::col(Column::Revision).add(1))
        .filter(Column::VersionId.eq(version_id))
        .filter(Column::Revision.eq(revision))
        .filter(Column::PublishedAt.is_null())
        .exec(transaction)
        .await?;
    Ok(changed.rows_affected)
}

/// A version that the transaction has just changed.
pub(super) async fn held(transaction: &Transaction, version_id: i64) -> Result<Model, Error> {
    let row = Entity::find_by_id(version_id).one(transaction).await?;
    row.ok_or_else(|| Error::Corrupt(format!("version {version_id} is gone")))
}

/// A new version as a draft.
pub(super) fn row<D: Definition>(definition: &D, version: i64, signed: &Signed) -> ActiveModel {
    ActiveModel {
        kind: Set(D::KIND.name.to_owned()),
        definition_id: Set(definition.id().to_owned()),
        version: Set(version),
        revision: Set(1),
        document: Set(document::write(definition)),
        drafted_at: Set(time::micros(signed.at)),
        drafted_by: Set(signed.by.clone()),
        ..Default::default()
    }
}

/// Inserts a version; `None` when there is one of that number.
pub(super) async fn insert(
    transaction: &Transaction,
    row: ActiveModel,
) -> Result<Option<Model>, Error> {
    match Entity::insert(row).exec_with_returning(transaction).await.map_err(Error::from) {
        Ok(row) => Ok(Some(row)),
        Err(Error::AlreadyExists { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Gives a new definition its number.
pub(super) async fn insert_name(
    transaction: &Transaction,
    kind: &Kind,
    id: &str,
) -> Result<(), Error> {
    let row = name::ActiveModel {
        kind: Set(kind.name.to_owned()),
        definition_id: Set(id.to_owned()),
        ..Default::default()
    };
    let taken = [name::Column::Kind, name::Column::DefinitionId];
    name::Entity::insert(row)
        .on_conflict(OnConflict::columns(taken).do_nothing().to_owned())
        .exec_without_returning(transaction)
        .await?;
    Ok(())
}

/// [`Error::Refused`] when the definition is retired.
pub(super) async fn check_not_retired(
    connection: &impl ConnectionTrait,
    kind: &Kind,
    id: &str,
) -> Result<(), Error> {
    let named = definition(connection, kind, id).await?;
    if named.is_none_or(|named| named.retired_at.is_none()) {
        return Ok(());
    }
    Err(Error::Refused {
        condition: "DEFINITION_NOT_RETIRED",
        subject: kind.resource(id),
        description: format!("{} {id} is retired: take another id", kind.name),
    })
}

fn mismatch(kind: &Kind, id: &str) -> Error {
    Error::EtagMismatch { name: kind.resource(id) }
}
