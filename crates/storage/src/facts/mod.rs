//! What analytics and reporting read: customers and their facts, as plain columns.
//!
//! A kind of record says in a [`FactTable`] what is read of it; orders and their lines, of which
//! more is made than columns, have functions of their own.
//! Each function reads the facts of a [`CustomerSet`] up to and including a day, sorted by
//! customer, day and order. It asks for [`SLICE`] customers at a time, so that the rows of one
//! statement stay few whatever the size of the set; only the columns it returns grow with it.

mod attributes;
mod customers;
mod lines;
mod orders;
mod prices;
mod references;
mod slice;
mod table;
mod tiles;

use crate::bulk::{Column, ColumnType};
use crate::{Database, Error};
use slice::Slice;

pub use attributes::{AttributeColumns, attributes};
pub use customers::{CustomerColumns, customers};
pub use lines::{LineColumns, lines};
pub use orders::{OrderColumns, orders};
pub use prices::{PriceColumns, freeze_prices, prices};
pub use references::first_references;
pub use table::{FactColumn, FactTable, FactType, tables};
pub use tiles::{Tile, tiles};

/// Customers asked for in one statement: enough that what a statement costs apart from its rows
/// does not count, few enough that the rows of a driver, larger than the columns made of them, stay
/// some ten megabytes.
const SLICE: u64 = 5_000;

/// Whose facts to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CustomerSet {
    /// Every customer.
    All,
    /// The customers with ids from the first to the last, both included.
    Range(i64, i64),
    /// These customers; those that do not exist are left out, those named twice come once.
    Ids(Vec<i64>),
}

/// The ids of the customers of the set that exist, ascending.
pub async fn customer_ids(db: &Database, set: &CustomerSet) -> Result<Vec<i64>, Error> {
    let query = "SELECT customer_id FROM customer WHERE {customers} ORDER BY customer_id";
    let mut ids = Vec::new();
    for slice in slice::to_read(db, set).await? {
        let [column] = slice.read(db, query, &[], &[("customer_id", ColumnType::I64)]).await?;
        let Column::I64(column) = column else { return Err(slice::wrong_types()) };
        ids.extend(column);
    }
    Ok(ids)
}

/// Cuts all customers into ranges of ids that hold `size` customers each (the last one fewer),
/// ascending: `(first, last)`, both included.
pub async fn partitions(db: &Database, size: u64) -> Result<Vec<(i64, i64)>, Error> {
    let mut ranges = Vec::new();
    for slice in slice::cut(db, &CustomerSet::All, size).await? {
        if let Slice::Range(first, last) = slice {
            ranges.push((first, last));
        }
    }
    Ok(ranges)
}

/// Cuts the set into smaller sets of at most `size` customers each, ascending.
pub async fn split(db: &Database, set: &CustomerSet, size: u64) -> Result<Vec<CustomerSet>, Error> {
    let slices = slice::cut(db, set, size).await?;
    Ok(slices.into_iter().map(Slice::into_set).collect())
}
