//! The end of a definition.

use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

use super::read::definition;
use super::{Kind, Signed};
use crate::entity::definition::{Column, Entity};
use crate::{Database, Error, time};

/// Retires a definition: its versions stay readable, but it is not in force any more, is not
/// followed, and has no more drafts. Once retired it stays so. [`Error::NotFound`] when there is
/// none.
pub async fn retire(db: &Database, kind: &Kind, id: &str, signed: &Signed) -> Result<(), Error> {
    let transaction = db.begin().await?;
    let named = definition(&transaction, kind, id).await?;
    named.ok_or_else(|| Error::not_found(kind.name, kind.resource(id)))?;
    Entity::update_many()
        .col_expr(Column::RetiredAt, Expr::value(time::micros(signed.at)))
        .col_expr(Column::RetiredBy, Expr::value(signed.by.clone()))
        .filter(Column::Kind.eq(kind.name))
        .filter(Column::DefinitionId.eq(id))
        .filter(Column::RetiredAt.is_null())
        .exec(&transaction)
        .await?;
    transaction.commit().await
}
