//! What customers bring up to a date.

use super::basis;
use crate::request::Question;
use chrono::NaiveDate;
use kehu_core::CustomerId;
use kehu_server::Fault;
use kehu_storage::{Database, bulk::ColumnType::I64, reports::Basis};
use rust_decimal::Decimal;

/// The amount, net of returns, of each customer that has an order of any kind, by customer.
pub(crate) async fn amounts(
    db: &Database,
    as_of: NaiveDate,
) -> Result<Vec<(CustomerId, Decimal)>, Fault> {
    let columns = [("customer_id", I64), ("amount_high", I64), ("amount_low", I64)];
    let rows = Basis::of(as_of).rows(db, include_str!("amounts.sql"), &columns).await?;
    let mut amounts = Vec::with_capacity(rows.len());
    for row in 0..rows.len() {
        amounts.push((CustomerId(rows.whole("customer_id", row)?), rows.amount("amount", row)?));
    }
    Ok(amounts)
}

/// How many customers have an order of any kind and no class.
pub(crate) async fn without_class(db: &Database, question: &Question) -> Result<i64, Fault> {
    let query = include_str!("unclassified.sql");
    let rows = basis(question).rows(db, query, &[("customers", I64)]).await?;
    Ok(rows.whole("customers", 0)?)
}
