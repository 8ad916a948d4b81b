//! Which orders are held: those that count on a date, and those that wait for their day.

use chrono::NaiveDate;
use kehu_core::CustomerId;
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect};

use super::OrderStatus;
use super::entity::{customer, sales_order};
use super::sources::Names;
use crate::{Database, Error, time};

/// What is held of orders that were not called off.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HeldOrders {
    /// How many there are up to the date.
    pub count: i64,
    /// The days of the first and the last of them.
    pub days: Option<(NaiveDate, NaiveDate)>,
    /// How many are dated later.
    pub waiting: i64,
    /// How many customers there are.
    pub customers: i64,
    /// The first of these, by day.
    pub first_waiting: Vec<WaitingOrder>,
}

/// An order that is dated later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitingOrder {
    /// Its business date.
    pub ordered_on: NaiveDate,
    /// The name of its source.
    pub source: String,
    /// The source's key of it.
    pub external_id: String,
    /// Whose it is.
    pub customer: CustomerId,
}

/// The orders up to and including the day `through`, and those after it, of which the first
/// `most` are named. Looks at every order.
pub async fn held_orders(
    db: &Database,
    through: NaiveDate,
    most: u64,
) -> Result<HeldOrders, Error> {
    use sales_order::Column as Of;
    let completed = sales_order::Entity::find()
        .filter(Of::Status.eq(OrderStatus::Completed.number()))
        .filter(Of::SupersededAt.is_null());
    let counts = Of::OrderedOn.lte(time::days(through));
    let sums: Option<(i64, Option<i32>, Option<i32>)> = completed
        .clone()
        .select_only()
        .column_as(Of::OrderId.count(), "count")
        .column_as(Of::OrderedOn.min(), "first")
        .column_as(Of::OrderedOn.max(), "last")
        .filter(counts)
        .into_tuple()
        .one(db.reader())
        .await?;
    let later = completed.filter(Of::OrderedOn.gt(time::days(through)));
    let waiting: Option<i64> = later
        .clone()
        .select_only()
        .column_as(Expr::col(Of::OrderId).count(), "count")
        .into_tuple()
        .one(db.reader())
        .await?;
    let rows = later.order_by_asc(Of::OrderedOn).order_by_asc(Of::OrderId).limit(most);
    let names = Names::load(db.reader()).await?;
    let mut first_waiting = Vec::new();
    for row in rows.all(db.reader()).await? {
        first_waiting.push(WaitingOrder {
            ordered_on: time::date(row.ordered_on)?,
            source: names.get(row.source_id)?,
            external_id: row.external_id,
            customer: CustomerId(row.customer_id),
        });
    }
    let (count, first, last) = sums.unwrap_or_default();
    let days = match first.zip(last) {
        Some((first, last)) => Some((time::date(first)?, time::date(last)?)),
        None => None,
    };
    let customers = customer::Entity::find().count(db.reader()).await?;
    let customers = i64::try_from(customers).map_err(|error| Error::Corrupt(error.to_string()))?;
    let waiting = waiting.unwrap_or_default();
    Ok(HeldOrders { count, days, waiting, customers, first_waiting })
}
