//! The end of old changes.

use chrono::{DateTime, Utc};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::{Position, end};
use crate::entity::{change, change_cursor};
use crate::{Database, Error, time};

/// Deletes the changes that every consumer with a cursor has dealt with and that were recorded
/// before `before`; returns how many. The last one stays, since it says where the log has come to.
/// A consumer that has no cursor yet begins with what there is, as it does with a full run behind it.
pub async fn trim(db: &Database, before: DateTime<Utc>) -> Result<u64, Error> {
    let behind: Option<Position> = change_cursor::Entity::find()
        .select_only()
        .column(change_cursor::Column::Position)
        .order_by_asc(change_cursor::Column::Position)
        .into_tuple()
        .one(db.reader())
        .await?;
    let Some(behind) = behind else { return Ok(0) };
    let last = end(db).await?;
    let transaction = db.begin().await?;
    let deleted = change::Entity::delete_many()
        .filter(change::Column::Position.lte(behind))
        .filter(change::Column::Position.lt(last))
        .filter(change::Column::RecordedAt.lt(time::micros(before)))
        .exec(&transaction)
        .await?;
    transaction.commit().await?;
    Ok(deleted.rows_affected)
}
