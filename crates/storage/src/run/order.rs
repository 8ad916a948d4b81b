//! The customers of a run that goes through everybody in one order.
//!
//! The order is that of first references: numbers of customers differ from load to load. The
//! database sorts once, when the run is cut, and keeps who is of which piece until the piece is
//! finished, so that no worker has more than a piece in memory, and whoever takes a piece over
//! finds the same customers.

use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{ConnectionTrait, Statement, Value};

use super::Lease;
use crate::bulk::{self, Column, ColumnType};
use crate::facts::Tile;
use crate::{Database, Error, Transaction};

/// A customer without a reference comes before all others, by its number.
const LAY_OUT: &str = r#"INSERT INTO run_customer (run_id, "partition", customer_id)
    SELECT $1, CAST((ROW_NUMBER() OVER (ORDER BY source, external_id, customer_id) - 1) / $2 + 1
                    AS integer), customer_id
    FROM (SELECT customer.customer_id AS customer_id,
                 COALESCE(source.name, '') AS source,
                 COALESCE(customer_reference.external_id, '') AS external_id,
                 ROW_NUMBER() OVER (PARTITION BY customer.customer_id
                     ORDER BY source.name, customer_reference.external_id) AS place
          FROM customer
          LEFT JOIN customer_reference ON customer_reference.customer_id = customer.customer_id
          LEFT JOIN source ON source.source_id = customer_reference.source_id) AS referred
    WHERE place = 1"#;

const TILES: &str = r#"SELECT MIN(customer_id) AS first, MAX(customer_id) AS last,
    COUNT(*) AS customers FROM run_customer WHERE run_id = $1
    GROUP BY "partition" ORDER BY "partition""#;

const OF_PIECE: &str = r#"SELECT customer_id FROM run_customer
    WHERE run_id = $1 AND "partition" = $2 ORDER BY customer_id"#;

/// Cuts all customers into pieces of `size`, in the order of their first references. A tile has
/// the least and the greatest id of a piece; others between them are of other pieces.
pub(super) async fn lay_out(
    transaction: &Transaction,
    run_id: i64,
    size: i64,
) -> Result<Vec<Tile>, Error> {
    let values = [Value::from(run_id), Value::from(Ord::max(size, 1))];
    let backend = transaction.get_database_backend();
    transaction.execute_raw(Statement::from_sql_and_values(backend, LAY_OUT, values)).await?;
    let columns =
        [("first", ColumnType::I64), ("last", ColumnType::I64), ("customers", ColumnType::I64)];
    let read = bulk::read(transaction, TILES, vec![run_id.into()], &columns).await?;
    let Ok([Column::I64(firsts), Column::I64(lasts), Column::I64(counts)]) =
        <[Column; 3]>::try_from(read)
    else {
        return Err(wrong_types());
    };
    let ends = firsts.into_iter().zip(lasts).zip(counts);
    Ok(ends.map(|((first, last), customers)| Tile { first, last, customers }).collect())
}

/// The customers of a leased piece of a run that goes in order, ascending.
pub async fn customers(db: &Database, lease: &Lease) -> Result<Vec<i64>, Error> {
    let values = vec![lease.run_id.into(), lease.partition.into()];
    let columns = [("customer_id", ColumnType::I64)];
    match bulk::read(db.reader(), OF_PIECE, values, &columns).await?.pop() {
        Some(Column::I64(ids)) => Ok(ids),
        _ => Err(wrong_types()),
    }
}

/// Forgets the customers of a finished piece.
pub(super) async fn forget_piece(
    transaction: &Transaction,
    run_id: i64,
    partition: i32,
) -> Result<(), Error> {
    let statement = Query::delete()
        .from_table("run_customer")
        .and_where(Expr::col("run_id").eq(run_id))
        .and_where(Expr::col("partition").eq(partition))
        .to_owned();
    transaction.execute(&statement).await?;
    Ok(())
}

/// Forgets what runs that ended early have left.
pub(super) async fn forget(transaction: &Transaction, run_ids: &[i64]) -> Result<(), Error> {
    let statement = Query::delete()
        .from_table("run_customer")
        .and_where(Expr::col("run_id").is_in(run_ids.iter().copied()))
        .to_owned();
    transaction.execute(&statement).await?;
    Ok(())
}

fn wrong_types() -> Error {
    Error::Corrupt("the customers of a run have columns of other types".to_owned())
}
