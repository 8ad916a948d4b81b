//! Returning to a former version.

use sea_orm::sea_query::Expr;
use sea_orm::{ActiveModelTrait, ActiveValue::Set, EntityTrait, IntoActiveModel};

use super::draft::{change, check_not_retired, held, insert, row};
use super::events::{Deed, Done, note};
use super::read::latest;
use super::{Definition, Signed, Version, etag};
use crate::entity::definition_version::{Column, Entity, Model};
use crate::{Database, Error, Transaction, document, time};

/// Publishes what a former version says, and what publishing froze for it, once more as a new
/// version. A draft that is there becomes the version after it, unapproved. [`Error::Refused`] when
/// `former` is no published version or the latest one, or the definition is retired, and
/// [`Error::Conflict`] when another call changed the definition meanwhile.
pub async fn roll_back<D: Definition>(
    db: &Database,
    former: &Version<D>,
    signed: &Signed,
) -> Result<Version<D>, Error> {
    let id = former.definition.id();
    let refused = |description: String| Error::Refused {
        condition: "FORMER_VERSION",
        subject: D::KIND.resource(id),
        description,
    };
    let Some(published) = &former.published else {
        return Err(refused(format!("version {} was never published", former.version)));
    };
    let transaction = db.begin().await?;
    check_not_retired(&transaction, &D::KIND, id).await?;
    let last = latest(&transaction, &D::KIND, id).await?;
    let last = last.ok_or_else(|| D::KIND.conflict(id))?;
    let draft = last.published_at.is_none().then(|| last.clone());
    if last.version - i64::from(draft.is_some()) <= former.version {
        return Err(refused(format!("version {} is the latest one already", former.version)));
    }
    let mut new = row(&former.definition, last.version + i64::from(draft.is_none()), signed);
    new.frozen = Set(Some(document::write(&published.frozen)));
    new.published_at = Set(Some(time::micros(signed.at)));
    new.published_by = Set(signed.by.clone());
    let moved = match draft {
        Some(draft) => take_place(&transaction, draft, new).await?,
        None => insert(&transaction, new).await?,
    };
    let restored = moved.ok_or_else(|| D::KIND.conflict(id))?;
    let done =
        Done { deed: Deed::RolledBack, version: restored.version, former: Some(former.version) };
    note(&transaction, (&D::KIND, id), done, signed).await?;
    let restored = restored.try_into()?;
    transaction.commit().await?;
    Ok(restored)
}

/// Puts a version in the place of a draft, which moves on by one. Numbers of versions grow in the order
/// of their definitions' versions, so it is the draft that gets a new row. `None` when another call
/// changed the draft.
async fn take_place(
    transaction: &Transaction,
    draft: Model,
    new: crate::entity::definition_version::ActiveModel,
) -> Result<Option<Model>, Error> {
    let update = Entity::update_many()
        .col_expr(Column::Document, Expr::value(new.document.unwrap()))
        .col_expr(Column::Frozen, Expr::value(new.frozen.unwrap()))
        .col_expr(Column::DraftedAt, Expr::value(new.drafted_at.unwrap()))
        .col_expr(Column::DraftedBy, Expr::value(new.drafted_by.unwrap()))
        .col_expr(Column::ApprovedAt, Expr::value(None::<i64>))
        .col_expr(Column::ApprovedBy, Expr::value(None::<String>))
        .col_expr(Column::PublishedAt, Expr::value(new.published_at.unwrap()))
        .col_expr(Column::PublishedBy, Expr::value(new.published_by.unwrap()));
    if change(transaction, update, &etag(draft.version_id, draft.revision)).await? == 0 {
        return Ok(None);
    }
    let restored = held(transaction, draft.version_id).await?;
    let mut moved = draft.into_active_model().reset_all();
    moved.version_id = sea_orm::ActiveValue::NotSet;
    moved.version = Set(restored.version + 1);
    moved.revision = Set(1);
    moved.approved_at = Set(None);
    moved.approved_by = Set(None);
    Ok(insert(transaction, moved).await?.map(|_| restored))
}
