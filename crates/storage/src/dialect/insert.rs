//! Bulk inserts in the manner of each database.

use std::fmt::Write;
use std::ops::Range;

use sea_orm::{ConnectionTrait, DbBackend, Statement, Value};

use crate::Error;
use crate::bulk::{Column, OnConflict};

/// Rows of one statement on PostgreSQL; past some thousands nothing is gained.
const POSTGRES_ROWS: usize = 5_000;

/// Values of one statement on SQLite, which takes 32,766 at most; a thousand is quickest.
const SQLITE_VALUES: usize = 1_000;

/// Bytes of text in one statement, unless one row has more: texts of megabytes do happen.
const TEXT_BYTES: usize = 8 << 20;

pub(crate) async fn insert_rows(
    connection: &impl ConnectionTrait,
    table: &str,
    columns: &[(&str, Column)],
    rows: usize,
    on_conflict: OnConflict<'_>,
) -> Result<u64, Error> {
    let backend = connection.get_database_backend();
    let most = match backend {
        DbBackend::Postgres => POSTGRES_ROWS,
        _ => (SQLITE_VALUES / columns.len().max(1)).max(1),
    };
    let mut written = 0;
    let mut start = 0;
    // The same text again finds the statement prepared.
    let (mut text, mut text_rows) = (String::new(), 0);
    while start < rows {
        let chunk = chunk(columns, start, rows.min(start + most));
        if chunk.len() != text_rows {
            text_rows = chunk.len();
            text = sql(backend, table, columns, text_rows, on_conflict);
        }
        start = chunk.end;
        let values = values(backend, columns, chunk);
        let statement = Statement::from_sql_and_values(backend, text.clone(), values);
        written += connection.execute_raw(statement).await?.rows_affected();
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

fn text_bytes(column: &Column, row: usize) -> usize {
    match column {
        Column::Text(values) => values[row].len(),
        Column::OptText(values) => values[row].as_ref().map_or(0, String::len),
        Column::I64(_) | Column::OptI64(_) | Column::I32(_) | Column::OptI32(_) => 0,
    }
}

fn sql(
    backend: DbBackend,
    table: &str,
    columns: &[(&str, Column)],
    rows: usize,
    on_conflict: OnConflict<'_>,
) -> String {
    let names: Vec<String> = columns.iter().map(|(name, _)| format!("\"{name}\"")).collect();
    let mut sql = format!("INSERT INTO \"{table}\" ({}) ", names.join(", "));
    match backend {
        DbBackend::Postgres => push_unnest(&mut sql, columns),
        _ => push_values(&mut sql, columns.len(), rows),
    }
    push_on_conflict(&mut sql, on_conflict);
    sql
}

fn push_unnest(sql: &mut String, columns: &[(&str, Column)]) {
    let arrays: Vec<String> = (1..)
        .zip(columns)
        .map(|(place, (_, column))| format!("${place}::text::{}[]", postgres_type(column)))
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

fn push_on_conflict(sql: &mut String, on_conflict: OnConflict<'_>) {
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

fn values(backend: DbBackend, columns: &[(&str, Column)], chunk: Range<usize>) -> Vec<Value> {
    if backend == DbBackend::Postgres {
        return columns.iter().map(|(_, column)| array(column, chunk.clone()).into()).collect();
    }
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

/// A PostgreSQL array as text: sea-query's own arrays cannot hold nulls.
fn array(column: &Column, chunk: Range<usize>) -> String {
    let mut text = String::from("{");
    for row in chunk {
        if text.len() > 1 {
            text.push(',');
        }
        push_element(&mut text, column, row);
    }
    text.push('}');
    text
}

fn push_element(text: &mut String, column: &Column, row: usize) {
    match column {
        Column::I64(values) => push_number(text, Some(values[row])),
        Column::OptI64(values) => push_number(text, values[row]),
        Column::I32(values) => push_number(text, Some(values[row].into())),
        Column::OptI32(values) => push_number(text, values[row].map(i64::from)),
        Column::Text(values) => push_quoted(text, &values[row]),
        Column::OptText(values) => match &values[row] {
            Some(value) => push_quoted(text, value),
            None => text.push_str("NULL"),
        },
    }
}

fn push_number(text: &mut String, number: Option<i64>) {
    match number {
        Some(number) => write!(text, "{number}").expect("a string takes every text"),
        None => text.push_str("NULL"),
    }
}

fn push_quoted(text: &mut String, value: &str) {
    text.push('"');
    for part in value.split_inclusive(['"', '\\']) {
        let (plain, special) = match part.strip_suffix(['"', '\\']) {
            Some(plain) => (plain, &part[plain.len()..]),
            None => (part, ""),
        };
        text.push_str(plain);
        if !special.is_empty() {
            text.push('\\');
            text.push_str(special);
        }
    }
    text.push('"');
}
