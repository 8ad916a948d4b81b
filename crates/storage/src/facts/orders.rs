use chrono::NaiveDate;

use super::{CustomerSet, SLICE, slice};
use crate::ingestion::OrderStatus;
use crate::{Database, Error, time};

/// Orders that were not cancelled, one a place, by customer, day and order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OrderColumns {
    /// The number of the customer.
    pub customer_id: Vec<i64>,
    /// The number of the order.
    pub order_id: Vec<i64>,
    /// The business date, days since 1970-01-01.
    pub ordered_on: Vec<i32>,
    /// The local hour, 0 to 23.
    pub hour: Vec<i32>,
    /// What it is: the number of an [`OrderKind`](crate::ingestion::OrderKind).
    pub kind: Vec<i32>,
    /// The sales channel in the source's words.
    pub channel: Vec<Option<String>>,
    /// The amount in the base currency, 1/10,000 of its unit; of a return negative.
    pub amount: Vec<i64>,
}

const SQL: &str = "SELECT customer_id, order_id, ordered_on, ordered_hour, kind, channel, \
                   base_amount \
                   FROM sales_order WHERE {customers} AND status = $1 AND ordered_on <= $2 \
                   ORDER BY customer_id, ordered_on, order_id";

/// The orders of the customers of the set, of any kind, up to and including the day `through`.
pub async fn orders(
    db: &Database,
    set: &CustomerSet,
    through: NaiveDate,
) -> Result<OrderColumns, Error> {
    let mut columns = OrderColumns::default();
    let values = [OrderStatus::Completed.number().into(), time::days(through).into()];
    for slice in slice::cut(db, set, SLICE).await? {
        for row in slice.query(db, SQL, &values).await? {
            columns.customer_id.push(row.try_get_by_index(0)?);
            columns.order_id.push(row.try_get_by_index(1)?);
            columns.ordered_on.push(row.try_get_by_index(2)?);
            columns.hour.push(row.try_get_by_index(3)?);
            columns.kind.push(row.try_get_by_index(4)?);
            columns.channel.push(row.try_get_by_index(5)?);
            columns.amount.push(row.try_get_by_index(6)?);
        }
    }
    Ok(columns)
}
