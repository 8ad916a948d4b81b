//! Bulk inserts in the manner of each database.

use std::ops::Range;

use sea_orm::{ConnectionTrait, DbBackend, Statement, Value};

use super::connections::Transaction;
use super::{postgres, sqlite};
use crate::Error;
use crate::bulk::{Column, OnConflict};

/// From how many bytes on PostgreSQL is sent rows by COPY. The driver leaves Nagle's algorithm on: what
/// ends a small COPY waits until the server has acknowledged what came before, for which it takes
/// 40 ms unless more of it comes.
const COPY_BYTES: usize = 256 << 10;

/// Values of one statement on SQLite, which takes 32,766 at most; a thousand is quickest.
const SQLITE_VALUES: usize = 1_000;

/// Bytes of text in one statement, unless one row has more: texts of megabytes do happen.
const TEXT_BYTES: usize = 8 << 20;

pub(crate) async fn insert_rows(
    transaction: &Transaction,
    table: &str,
    columns: &[(&str, Column)],
    rows: usize,
    on_conflict: OnConflict<'_>,
) -> Result<u64, Error> {
    match transaction {
        Transaction::Postgres(transaction) if bytes(columns) >= COPY_BYTES => {
            super::copy::insert(transaction, table, columns, rows, on_conflict).await
        }
        Transaction::Postgres(transaction) => {
            insert_arrays(transaction, table, columns, rows, on_conflict).await
        }
        Transaction::Sqlite(transaction) => {
            insert_values(transaction, table, columns, rows, on_conflict).await
        }
    }
}

/// The columns as arrays, which the server makes rows of.
async fn insert_arrays(
    transaction: &postgres::Transaction,
    table: &str,
    columns: &[(&str, Column)],
    rows: usize,
    on_conflict: OnConflict<'_>,
) -> Result<u64, Error> {
    let mut sql = insert_into(table, columns);
    push_unnest(&mut sql, columns);
    push_on_conflict(&mut sql, on_conflict);
    let (mut written, mut start) = (0, 0);
    while start < rows {
        let chunk = chunk(columns, start, rows);
        start = chunk.end;
        written += transaction.execute_arrays(&sql, columns, chunk).await?;
    }
    Ok(written)
}

/// Rows of VALUES.
async fn insert_values(
    transaction: &sqlite::Transaction,
    table: &str,
    columns: &[(&str, Column)],
    rows: usize,
    on_conflict: OnConflict<'_>,
) -> Result<u64, Error> {
    let most = (SQLITE_VALUES / columns.len().max(1)).max(1);
    let (mut written, mut start) = (0, 0);
    // The same text again finds the statement prepared.
    let (mut text, mut text_rows) = (String::new(), 0);
    while start < rows {
        let chunk = chunk(columns, start, rows.min(start + most));
        if chunk.len() != text_rows {
            text_rows = chunk.len();
            text = insert_into(table, columns);
            push_values(&mut text, columns.len(), text_rows);
            push_on_conflict(&mut text, on_conflict);
        }
        start = chunk.end;
        let values = values(columns, chunk);
        let statement = Statement::from_sql_and_values(DbBackend::Sqlite, text.clone(), values);
        written += transaction.execute_raw(statement).await?.rows_affected();
    }
    Ok(written)
}

/// The rows from `start` that go into one statement: at least one, and none from `end` on.
fn chunk(columns: &[(&str, Column)], start: usize, end: usize) -> Range<usize> {
    let mut bytes = 0;
    for row in start..end {
        bytes += columns.iter().map(|(_, column)| text_bytes(column, row)).sum::<usize>();
        if bytes > TEXT_BYTES {
            return start..row.max(start + 1);
        }
    }
    start..end
}

/// The bytes of all values.
fn bytes(columns: &[(&str, Column)]) -> usize {
    let of = |column: &Column| match column {
        Column::I64(values) => 8 * values.len(),
        Column::I32(values) => 4 * values.len(),
        Column::OptI64(values) => 8 * values.iter().flatten().count(),
        Column::OptI32(values) => 4 * values.iter().flatten().count(),
        Column::Text(values) => values.iter().map(String::len).sum(),
        Column::OptText(values) => values.iter().flatten().map(String::len).sum(),
    };
    columns.iter().map(|(_, column)| of(column)).sum()
}

fn text_bytes(column: &Column, row: usize) -> usize {
    match column {
        Column::Text(values) => values[row].len(),
        Column::OptText(values) => values[row].as_ref().map_or(0, String::len),
        Column::I64(_) | Column::OptI64(_) | Column::I32(_) | Column::OptI32(_) => 0,
    }
}

/// The names of the columns, as in a list of SQL.
pub(super) fn names<'a>(columns: impl IntoIterator<Item = &'a (&'a str, Column)>) -> String {
    let names = columns.into_iter().map(|(name, _)| format!("\"{name}\""));
    names.collect::<Vec<String>>().join(", ")
}

fn insert_into(table: &str, columns: &[(&str, Column)]) -> String {
    format!("INSERT INTO \"{table}\" ({}) ", names(columns))
}

fn push_unnest(sql: &mut String, columns: &[(&str, Column)]) {
    let arrays: Vec<String> = (1..)
        .zip(columns)
        .map(|(place, (_, column))| format!("${place}::{}[]", postgres_type(column)))
        .collect();
    sql.push_str("SELECT * FROM UNNEST(");
    sql.push_str(&arrays.join(", "));
    sql.push(')');
}

fn postgres_type(column: &Column) -> &'static str {
    match column {
        Column::I64(_) | Column::OptI64(_) => "bigint",
        Column::I32(_) | Column::OptI32(_) => "integer",
        Column::Text(_) | Column::OptText(_) => "text",
    }
}

fn push_values(sql: &mut String, columns: usize, rows: usize) {
    let row = format!("({})", vec!["?"; columns].join(","));
    sql.push_str("VALUES ");
    sql.push_str(&vec![row; rows].join(","));
}

pub(super) fn push_on_conflict(sql: &mut String, on_conflict: OnConflict<'_>) {
    match on_conflict {
        OnConflict::Fail => {}
        OnConflict::Ignore => sql.push_str(" ON CONFLICT DO NOTHING"),
        OnConflict::Update { key, set } => {
            let key: Vec<String> = key.iter().map(|name| format!("\"{name}\"")).collect();
            let set: Vec<String> =
                set.iter().map(|name| format!("\"{name}\" = excluded.\"{name}\"")).collect();
            sql.push_str(" ON CONFLICT (");
            sql.push_str(&key.join(", "));
            sql.push_str(") DO UPDATE SET ");
            sql.push_str(&set.join(", "));
        }
    }
}

fn values(columns: &[(&str, Column)], chunk: Range<usize>) -> Vec<Value> {
    let mut values = Vec::with_capacity(chunk.len() * columns.len());
    for row in chunk {
        values.extend(columns.iter().map(|(_, column)| value(column, row)));
    }
    values
}

fn value(column: &Column, row: usize) -> Value {
    match column {
        Column::I64(values) => values[row].into(),
        Column::OptI64(values) => values[row].into(),
        Column::I32(values) => values[row].into(),
        Column::OptI32(values) => values[row].into(),
        Column::Text(values) => values[row].clone().into(),
        Column::OptText(values) => values[row].clone().into(),
    }
}
