//! Looking for rejects that cannot be read whole any more.

use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, Iterable, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect,
};

use super::super::entity::reject;
use super::super::sources::Names;
use super::decode;
use crate::{Database, Error, dialect};

/// Rejects that are looked at in one go.
const PAGE: u64 = 1_000;

/// Looks at the rejects after the number `after`, at most a thousand, and marks those that are
/// damaged: how many, and where to go on; at the end, from the start again.
pub async fn check_rejects(db: &Database, after: i64) -> Result<(u64, i64), Error> {
    use reject::Column;
    // Without the records themselves, which are large, and shown as they are.
    let rows: Vec<reject::Model> = reject::Entity::find()
        .select_only()
        .columns(Column::iter().filter(|column| !matches!(column, Column::Raw)))
        .expr_as(Expr::value(""), "raw")
        .filter(Column::RejectId.gt(after))
        .order_by_asc(Column::RejectId)
        .limit(PAGE)
        .into_model()
        .all(db.reader())
        .await?;
    let last = rows.last().map_or(0, |row| row.reject_id);
    let names = Names::load(db.reader()).await?;
    let unmarked = rows.into_iter().filter(|row| !row.damaged);
    let found: Vec<i64> = unmarked
        .map(|row| decode(row, &names))
        .filter(|reject| reject.damage.is_some())
        .map(|reject| reject.id)
        .collect();
    if !found.is_empty() {
        mark(db, &found).await?;
    }
    Ok((found.len().try_into().unwrap_or(u64::MAX), last))
}

async fn mark(db: &Database, ids: &[i64]) -> Result<(), Error> {
    let transaction = db.begin().await?;
    reject::Entity::update_many()
        .col_expr(reject::Column::Damaged, Expr::value(true))
        .filter(dialect::is_any_number(transaction.get_database_backend(), "reject_id", ids))
        .exec(&transaction)
        .await?;
    transaction.commit().await
}

/// How many rejects were found to be damaged.
pub async fn count_damaged(db: &Database) -> Result<u64, Error> {
    let damaged = reject::Entity::find().filter(Expr::cust("damaged"));
    Ok(damaged.count(db.reader()).await?)
}
