//! Columns as PostgreSQL takes them: rows of a binary COPY, or arrays.

use std::ops::Range;

use sea_orm::sqlx::Postgres;
use sea_orm::sqlx::postgres::PgArguments;
use sea_orm::sqlx::query::Query;

use crate::bulk::Column;

/// The signature, no flags, no extension.
pub(super) const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
/// In the place of a row's number of fields.
pub(super) const TRAILER: [u8; 2] = (-1i16).to_be_bytes();
/// In the place of a field's length.
const NULL: [u8; 4] = (-1i32).to_be_bytes();

/// Appends a row as a binary COPY has it.
pub(super) fn push_row(data: &mut Vec<u8>, columns: &[&(&str, Column)], row: usize) {
    let fields = i16::try_from(columns.len()).expect("a table has few columns");
    data.extend_from_slice(&fields.to_be_bytes());
    for (_, column) in columns {
        match column {
            Column::I64(values) => push(data, Some(&values[row].to_be_bytes())),
            Column::OptI64(values) => push(data, values[row].map(i64::to_be_bytes).as_ref()),
            Column::I32(values) => push(data, Some(&values[row].to_be_bytes())),
            Column::OptI32(values) => push(data, values[row].map(i32::to_be_bytes).as_ref()),
            Column::Text(values) => push(data, Some(values[row].as_bytes())),
            Column::OptText(values) => push(data, values[row].as_ref()),
        }
    }
}

fn push(data: &mut Vec<u8>, value: Option<impl AsRef<[u8]>>) {
    let Some(value) = value else { return data.extend_from_slice(&NULL) };
    let value = value.as_ref();
    let length = i32::try_from(value.len()).expect("a value is far below 2 GiB");
    data.extend_from_slice(&length.to_be_bytes());
    data.extend_from_slice(value);
}

/// Binds some rows of a column as an array.
pub(super) fn bind<'a>(
    query: Query<'a, Postgres, PgArguments>,
    column: &'a Column,
    rows: Range<usize>,
) -> Query<'a, Postgres, PgArguments> {
    match column {
        Column::I64(values) => query.bind(&values[rows]),
        Column::OptI64(values) => query.bind(&values[rows]),
        Column::I32(values) => query.bind(&values[rows]),
        Column::OptI32(values) => query.bind(&values[rows]),
        Column::Text(values) => query.bind(&values[rows]),
        Column::OptText(values) => query.bind(&values[rows]),
    }
}
