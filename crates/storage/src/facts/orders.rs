use chrono::NaiveDate;

use super::{CustomerSet, slice};
use crate::bulk::{Column, ColumnType};
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
                   FROM sales_order WHERE {customers} AND superseded_at IS NULL \
                   AND status = $1 AND ordered_on <= $2 \
                   ORDER BY customer_id, ordered_on, order_id";

const COLUMNS: [(&str, ColumnType); 7] = [
    ("customer_id", ColumnType::I64),
    ("order_id", ColumnType::I64),
    ("ordered_on", ColumnType::I32),
    ("ordered_hour", ColumnType::I32),
    ("kind", ColumnType::I32),
    ("channel", ColumnType::OptText),
    ("base_amount", ColumnType::I64),
];

/// The orders of the customers of the set, of any kind, up to and including the day `through`.
pub async fn orders(
    db: &Database,
    set: &CustomerSet,
    through: NaiveDate,
) -> Result<OrderColumns, Error> {
    let mut orders = OrderColumns::default();
    let values = [OrderStatus::Completed.number().into(), time::days(through).into()];
    for slice in slice::to_read(db, set).await? {
        orders.append(slice.read(db, SQL, &values, &COLUMNS).await?)?;
    }
    Ok(orders)
}

impl OrderColumns {
    fn append(&mut self, columns: [Column; 7]) -> Result<(), Error> {
        let [
            Column::I64(customer_id),
            Column::I64(order_id),
            Column::I32(ordered_on),
            Column::I32(hour),
            Column::I32(kind),
            Column::OptText(channel),
            Column::I64(amount),
        ] = columns
        else {
            return Err(slice::wrong_types());
        };
        self.customer_id.extend(customer_id);
        self.order_id.extend(order_id);
        self.ordered_on.extend(ordered_on);
        self.hour.extend(hour);
        self.kind.extend(kind);
        self.channel.extend(channel);
        self.amount.extend(amount);
        Ok(())
    }
}
