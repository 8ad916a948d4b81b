//! Bulk inserts by COPY on PostgreSQL.

use sea_orm::ConnectionTrait;

use super::insert::{names, push_on_conflict};
use super::postgres::Transaction;
use crate::Error;
use crate::bulk::{Column, OnConflict};

/// A violation ends the whole transaction, unless it can go back to before.
const SAVEPOINT: &str = "SAVEPOINT copy";
const ROLLBACK: &str = "ROLLBACK TO SAVEPOINT copy";
const RELEASE: &str = "RELEASE SAVEPOINT copy";

/// Writes the rows by COPY; returns how many were written.
pub(super) async fn insert(
    transaction: &Transaction,
    table: &str,
    columns: &[(&str, Column)],
    rows: usize,
    on_conflict: OnConflict<'_>,
) -> Result<u64, Error> {
    match on_conflict {
        OnConflict::Fail => copy(transaction, table, columns, rows).await,
        // The rows are known to be there, or most of them.
        OnConflict::Update { .. } => {
            insert_staged(transaction, table, columns, rows, on_conflict).await
        }
        OnConflict::Ignore => {
            transaction.execute_unprepared(SAVEPOINT).await?;
            let written = match copy(transaction, table, columns, rows).await {
                Err(Error::AlreadyExists { .. }) => {
                    transaction.rollback_to(ROLLBACK).await?;
                    insert_staged(transaction, table, columns, rows, on_conflict).await?
                }
                written => written?,
            };
            transaction.execute_unprepared(RELEASE).await?;
            Ok(written)
        }
    }
}

async fn copy(
    transaction: &Transaction,
    table: &str,
    columns: &[(&str, Column)],
    rows: usize,
) -> Result<u64, Error> {
    // A column that is not sent is null, and costs nothing.
    let given: Vec<&(&str, Column)> = columns.iter().filter(|(_, it)| !it.is_null()).collect();
    let names = names(given.iter().copied());
    let sql = format!("COPY \"{table}\" ({names}) FROM STDIN (FORMAT binary)");
    Ok(transaction.copy_in(&sql, &given, rows).await?)
}

/// COPY knows no ON CONFLICT: by way of a temporary table, which each connection has once for
/// each table.
async fn insert_staged(
    transaction: &Transaction,
    table: &str,
    columns: &[(&str, Column)],
    rows: usize,
    on_conflict: OnConflict<'_>,
) -> Result<u64, Error> {
    let stage = format!("staged_{table}");
    // The transaction may have used it before.
    let empty = format!(
        "CREATE TEMPORARY TABLE IF NOT EXISTS \"{stage}\" ON COMMIT DELETE ROWS \
         AS SELECT * FROM \"{table}\" WITH NO DATA; TRUNCATE \"{stage}\""
    );
    transaction.execute_unprepared(&empty).await?;
    copy(transaction, &stage, columns, rows).await?;
    let names = names(columns);
    let mut insert = format!("INSERT INTO \"{table}\" ({names}) SELECT {names} FROM \"{stage}\"");
    push_on_conflict(&mut insert, on_conflict);
    Ok(transaction.execute_unprepared(&insert).await?.rows_affected())
}
