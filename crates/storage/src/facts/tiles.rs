//! All customers, cut into ranges of ids that touch each other.

use sea_orm::{ConnectionTrait, Value};

use super::slice::wrong_types;
use crate::Error;
use crate::bulk::{self, Column, ColumnType};

/// A range of ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tile {
    /// The first id: the one after the range before.
    pub first: i64,
    /// The last id, that of a customer.
    pub last: i64,
    /// How many customers there are in it.
    pub customers: i64,
}

/// The ranges, ascending, of `size` customers each (the last one fewer), the first from the least
/// possible id on: every id up to that of the last customer is in one of them.
pub async fn tiles(connection: &impl ConnectionTrait, size: i64) -> Result<Vec<Tile>, Error> {
    let query = "SELECT MAX(customer_id) AS last, COUNT(*) AS customers FROM (SELECT customer_id, \
                 (ROW_NUMBER() OVER (ORDER BY customer_id) - 1) / $1 AS tile FROM customer) \
                 AS numbered GROUP BY tile ORDER BY tile";
    let columns = [("last", ColumnType::I64), ("customers", ColumnType::I64)];
    let values = vec![Value::from(size.max(1))];
    let read = bulk::read(connection, query, values, &columns).await?;
    let [Column::I64(lasts), Column::I64(counts)] = read.as_slice() else {
        return Err(wrong_types());
    };
    let mut tiles = Vec::with_capacity(lasts.len());
    let mut first = i64::MIN;
    for (last, customers) in lasts.iter().zip(counts) {
        tiles.push(Tile { first, last: *last, customers: *customers });
        first = last.saturating_add(1);
    }
    Ok(tiles)
}
