//! Many rows at a time, as columns. [`insert`] writes them in few statements: on PostgreSQL COPY
//! where there are many, the arrays of the columns in UNNEST where there are few; on SQLite rows
//! of VALUES, cut into chunks below what a statement may hold. [`read`] brings them back without paying for each row what SQLite's
//! driver takes for one.

use sea_orm::{ConnectionTrait, Value};

use crate::{Error, Reader, Transaction, dialect};

/// The values of one column, one a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Column {
    /// bigint, not null.
    I64(Vec<i64>),
    /// bigint.
    OptI64(Vec<Option<i64>>),
    /// integer, not null.
    I32(Vec<i32>),
    /// integer.
    OptI32(Vec<Option<i32>>),
    /// text, not null. No NUL characters: PostgreSQL cannot hold them.
    Text(Vec<String>),
    /// text. No NUL characters: PostgreSQL cannot hold them.
    OptText(Vec<Option<String>>),
}

/// What a column to read holds; the variant of [`Column`] with the same name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnType {
    /// bigint, never null.
    I64,
    /// bigint.
    OptI64,
    /// integer, never null.
    I32,
    /// integer.
    OptI32,
    /// text, never null.
    Text,
    /// text.
    OptText,
}

impl Column {
    /// A column without values.
    pub fn new(column_type: ColumnType) -> Self {
        match column_type {
            ColumnType::I64 => Column::I64(Vec::new()),
            ColumnType::OptI64 => Column::OptI64(Vec::new()),
            ColumnType::I32 => Column::I32(Vec::new()),
            ColumnType::OptI32 => Column::OptI32(Vec::new()),
            ColumnType::Text => Column::Text(Vec::new()),
            ColumnType::OptText => Column::OptText(Vec::new()),
        }
    }

    /// How many values there are.
    pub fn len(&self) -> usize {
        match self {
            Column::I64(values) => values.len(),
            Column::OptI64(values) => values.len(),
            Column::I32(values) => values.len(),
            Column::OptI32(values) => values.len(),
            Column::Text(values) => values.len(),
            Column::OptText(values) => values.len(),
        }
    }

    /// Adds the values of a column of the same type; [`Error::Corrupt`] when it is of another.
    pub fn append(&mut self, more: Self) -> Result<(), Error> {
        match (self, more) {
            (Column::I64(values), Column::I64(more)) => values.extend(more),
            (Column::OptI64(values), Column::OptI64(more)) => values.extend(more),
            (Column::I32(values), Column::I32(more)) => values.extend(more),
            (Column::OptI32(values), Column::OptI32(more)) => values.extend(more),
            (Column::Text(values), Column::Text(more)) => values.extend(more),
            (Column::OptText(values), Column::OptText(more)) => values.extend(more),
            _ => return Err(Error::Corrupt("columns of two types cannot be one".to_owned())),
        }
        Ok(())
    }

    /// Whether every value is null.
    pub(crate) fn is_null(&self) -> bool {
        match self {
            Column::I64(_) | Column::I32(_) | Column::Text(_) => false,
            Column::OptI64(values) => values.iter().all(Option::is_none),
            Column::OptI32(values) => values.iter().all(Option::is_none),
            Column::OptText(values) => values.iter().all(Option::is_none),
        }
    }

    /// Whether there are no values.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// What to do with a row whose key is in the table already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnConflict<'a> {
    /// Fail with [`Error::AlreadyExists`].
    Fail,
    /// Leave what is there.
    Ignore,
    /// Overwrite the columns `set` of the row with the same `key` (which must be a unique
    /// index). A key may occur only once among the rows to insert: PostgreSQL refuses it.
    Update {
        /// The columns of the unique index.
        key: &'a [&'a str],
        /// The columns to overwrite.
        set: &'a [&'a str],
    },
}

/// Inserts one row for each place of the columns, which are all equally long, in their order.
/// Returns how many rows were written (those ignored are not).
pub async fn insert(
    transaction: &Transaction,
    table: &str,
    columns: &[(&str, Column)],
    on_conflict: OnConflict<'_>,
) -> Result<u64, Error> {
    let rows = columns.first().map_or(0, |(_, column)| column.len());
    for (name, column) in columns {
        assert_eq!(column.len(), rows, "column {name} of {table} is not as long as the first");
    }
    dialect::insert_rows(transaction.inner(), table, columns, rows, on_conflict).await
}

/// The rows of `query`, a SELECT whose columns are named as in `columns`, in its order; `values`
/// are its parameters `$1` and following. The columns come in the order of `columns`. All rows
/// are in memory at once, so ask for a slice of a large table.
/// [`Error::Corrupt`] when a value is not of the type asked for.
pub async fn read(
    connection: &impl ConnectionTrait,
    query: &str,
    values: Vec<Value>,
    columns: &[(&str, ColumnType)],
) -> Result<Vec<Column>, Error> {
    dialect::read_columns(connection, query, values, columns).await
}

/// [`read`] for a query without parameters, which on PostgreSQL goes by COPY: where there are many
/// rows it takes half the time. The columns of the query are named, and stand, as in `columns`.
pub async fn read_all(
    reader: &Reader,
    query: &str,
    columns: &[(&str, ColumnType)],
) -> Result<Vec<Column>, Error> {
    reader.read_all(query, columns).await
}
