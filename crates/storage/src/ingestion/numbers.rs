//! The numbers of new customers.

use kehu_core::CustomerId;
use sea_orm::ConnectionTrait;
use sea_orm::sea_query::{Expr, ExprTrait, Query};

use crate::{Error, Transaction};

/// Keeps every other transaction from creating customers until this one ends. After it, what
/// others created before is visible.
pub(super) async fn lock(transaction: &Transaction) -> Result<(), Error> {
    take(transaction, 0).await.map(drop)
}

/// The first of `count` new numbers, which follow one another.
pub(super) async fn take(transaction: &Transaction, count: i64) -> Result<CustomerId, Error> {
    let update = Query::update()
        .table("customer_counter")
        .value("last", Expr::col("last").add(count))
        .and_where(Expr::col("counter_id").eq(1))
        .returning_col("last")
        .to_owned();
    let row = transaction.query_one(&update).await?;
    let row = row.ok_or_else(|| Error::Corrupt("the customer counter is gone".to_owned()))?;
    let last: i64 = row.try_get("", "last")?;
    Ok(CustomerId(last - count + 1))
}
