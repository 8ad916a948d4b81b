//! Publishing.

use sea_orm::sea_query::Expr;
use sea_orm::{ActiveValue::Set, EntityTrait};

use super::draft::{change, check_not_retired, held, insert, insert_name, row};
use super::{Definition, Signed, Version};
use crate::entity::definition_version::{Column, Entity};
use crate::{Database, Error, Transaction, document, time};

/// Publishes a draft that its owner has checked, with what the check came to.
/// [`Error::Conflict`] when the draft was replaced or published meanwhile, [`Error::Refused`]
/// when it has to be approved first, or the definition is retired.
pub async fn publish<D: Definition>(
    db: &Database,
    checked: &Version<D>,
    frozen: &D::Frozen,
    signed: &Signed,
) -> Result<Version<D>, Error> {
    let id = checked.definition.id();
    if D::KIND.approval && checked.approved.is_none() {
        return Err(Error::Refused {
            condition: "DEFINITION_APPROVED",
            subject: D::KIND.resource(id),
            description: "somebody other than its author must approve the draft first".to_owned(),
        });
    }
    let transaction = db.begin().await?;
    check_not_retired(&transaction, &D::KIND, id).await?;
    let update = Entity::update_many()
        .col_expr(Column::Frozen, Expr::value(document::write(frozen)))
        .col_expr(Column::PublishedAt, Expr::value(time::micros(signed.at)))
        .col_expr(Column::PublishedBy, Expr::value(signed.by.clone()));
    if change(&transaction, update, &checked.etag).await? == 0 {
        return Err(D::KIND.conflict(id));
    }
    let published = held(&transaction, checked.version_id).await?.try_into()?;
    transaction.commit().await?;
    Ok(published)
}

/// Publishes the first version of a definition at once, for kinds whose definitions never
/// change. [`Error::AlreadyExists`] when there is one.
pub async fn create<D: Definition>(
    db: &Database,
    definition: &D,
    frozen: &D::Frozen,
    signed: &Signed,
) -> Result<Version<D>, Error> {
    let transaction = db.begin().await?;
    let created = insert_published(&transaction, definition, frozen, 1, signed).await?;
    let created = created.ok_or_else(|| Error::already_exists(D::KIND.name, definition.id()))?;
    transaction.commit().await?;
    Ok(created)
}

/// Publishes at once the version that follows version `after`, 0 for the first one, for kinds
/// without drafts. [`Error::Conflict`] when there is one by now, [`Error::Refused`] when the
/// definition is retired.
pub async fn follow_up<D: Definition>(
    db: &Database,
    definition: &D,
    frozen: &D::Frozen,
    after: i64,
    signed: &Signed,
) -> Result<Version<D>, Error> {
    let transaction = db.begin().await?;
    let followed = follow_up_in(&transaction, definition, frozen, after, signed).await?;
    transaction.commit().await?;
    Ok(followed)
}

/// The same in a transaction that does something else as well.
pub async fn follow_up_in<D: Definition>(
    transaction: &Transaction,
    definition: &D,
    frozen: &D::Frozen,
    after: i64,
    signed: &Signed,
) -> Result<Version<D>, Error> {
    let followed = insert_published(transaction, definition, frozen, after + 1, signed).await?;
    followed.ok_or_else(|| D::KIND.conflict(definition.id()))
}

/// `None` when there is a version of that number.
async fn insert_published<D: Definition>(
    transaction: &Transaction,
    definition: &D,
    frozen: &D::Frozen,
    version: i64,
    signed: &Signed,
) -> Result<Option<Version<D>>, Error> {
    check_not_retired(transaction, &D::KIND, definition.id()).await?;
    insert_name(transaction, &D::KIND, definition.id()).await?;
    let mut row = row(definition, version, signed);
    row.frozen = Set(Some(document::write(frozen)));
    row.published_at = Set(Some(time::micros(signed.at)));
    row.published_by = Set(signed.by.clone());
    let Some(row) = insert(transaction, row).await? else { return Ok(None) };
    Ok(Some(row.try_into()?))
}
