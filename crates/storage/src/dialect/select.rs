//! Bulk reads in the manner of each database.

use sea_orm::sea_query::ArrayType;
use sea_orm::{ConnectionTrait, DbBackend, QueryResult, Statement, Value};

use crate::Error;
use crate::bulk::{Column, ColumnType};

/// Numbers as one parameter, for [`in_array`].
pub(crate) fn array(backend: DbBackend, numbers: &[i64]) -> Value {
    if backend == DbBackend::Postgres {
        let numbers = numbers.iter().map(|number| Value::from(*number)).collect();
        return Value::Array(ArrayType::BigInt, Some(Box::new(numbers)));
    }
    let numbers: Vec<String> = numbers.iter().map(i64::to_string).collect();
    Value::from(format!("[{}]", numbers.join(",")))
}

/// The same of texts.
pub(crate) fn text_array(backend: DbBackend, texts: &[&str]) -> Value {
    match backend {
        DbBackend::Postgres => {
            Value::from(texts.iter().map(|text| (*text).to_owned()).collect::<Vec<String>>())
        }
        _ => serde_json::to_string(texts).expect("texts are always JSON").into(),
    }
}

/// What follows a column that must be among the values of the parameter at `place`. For a column
/// that leads its index; [`from_each`] is for others.
pub(crate) fn in_array(backend: DbBackend, place: usize) -> String {
    match backend {
        DbBackend::Postgres => format!("= ANY(${place})"),
        _ => format!("IN (SELECT value FROM json_each(${place}))"),
    }
}

/// From FROM on, the rows of `table` that are found for each value of the array at `place`, called
/// `wanted`. One look-up a value, whatever the database believes of the table: PostgreSQL, which
/// knows nothing of one that is being filled, otherwise looks up the columns of the index before
/// `wanted` alone, and compares every row with every value.
pub(crate) fn from_each(backend: DbBackend, place: usize, table: &str, condition: &str) -> String {
    match backend {
        DbBackend::Postgres => format!(
            "FROM unnest(${place}) AS value(wanted) \
             CROSS JOIN LATERAL (SELECT * FROM {table} WHERE {condition} OFFSET 0) AS found"
        ),
        _ => format!(
            "FROM (SELECT value AS wanted FROM json_each(${place})) \
             CROSS JOIN {table} WHERE {condition}"
        ),
    }
}

/// What stands at the end of a query, before the names of tables, whose rows are to be kept from
/// other writers; `None` where a writer is alone anyway.
pub(crate) fn lock_rows_of(backend: DbBackend) -> Option<&'static str> {
    (backend == DbBackend::Postgres).then_some("FOR UPDATE OF")
}

pub(crate) async fn read_columns(
    connection: &impl ConnectionTrait,
    query: &str,
    values: Vec<Value>,
    columns: &[(&str, ColumnType)],
) -> Result<Vec<Column>, Error> {
    if connection.get_database_backend() == DbBackend::Postgres {
        return read_rows(connection, query, values, columns).await;
    }
    read_packed(connection, query, values, columns).await
}

async fn read_rows(
    connection: &impl ConnectionTrait,
    query: &str,
    values: Vec<Value>,
    columns: &[(&str, ColumnType)],
) -> Result<Vec<Column>, Error> {
    let statement = Statement::from_sql_and_values(DbBackend::Postgres, query, values);
    let rows = connection.query_all_raw(statement).await?;
    let mut read: Vec<Column> = columns.iter().map(|(_, kind)| Column::new(*kind)).collect();
    let Some(first) = rows.first() else { return Ok(read) };
    let places = places(first, columns)?;
    for row in &rows {
        for (column, place) in read.iter_mut().zip(&places) {
            push(column, row, *place)?;
        }
    }
    Ok(read)
}

/// Where each column stands in the rows: looking its name up for every value takes longer than
/// the value.
fn places(row: &QueryResult, columns: &[(&str, ColumnType)]) -> Result<Vec<usize>, Error> {
    let names = row.column_names();
    let mut places = Vec::with_capacity(columns.len());
    for (name, _) in columns {
        let place = names.iter().position(|known| known == name);
        places.push(place.ok_or_else(|| Error::Corrupt(format!("a query gives no {name}")))?);
    }
    Ok(places)
}

fn push(column: &mut Column, row: &QueryResult, place: usize) -> Result<(), Error> {
    match column {
        Column::I64(values) => values.push(row.try_get_by_index(place)?),
        Column::OptI64(values) => values.push(row.try_get_by_index(place)?),
        Column::I32(values) => values.push(row.try_get_by_index(place)?),
        Column::OptI32(values) => values.push(row.try_get_by_index(place)?),
        Column::Text(values) => values.push(row.try_get_by_index(place)?),
        Column::OptText(values) => values.push(row.try_get_by_index(place)?),
    }
    Ok(())
}

/// SQLite's driver copies each value of each row between two threads, some 10 µs a row in an
/// unoptimised build. One row with a JSON array for each column costs a quarter of it. The
/// aggregate sees the rows in the order of the subquery.
async fn read_packed(
    connection: &impl ConnectionTrait,
    query: &str,
    values: Vec<Value>,
    columns: &[(&str, ColumnType)],
) -> Result<Vec<Column>, Error> {
    let arrays: Vec<String> =
        columns.iter().map(|(name, _)| format!("json_group_array(\"{name}\")")).collect();
    let sql = format!("SELECT {} FROM ({query})", arrays.join(", "));
    let statement = Statement::from_sql_and_values(DbBackend::Sqlite, sql, values);
    let row = connection.query_one_raw(statement).await?;
    let row = row.ok_or_else(|| Error::Corrupt("an aggregate gave no row".to_owned()))?;
    let mut read = Vec::with_capacity(columns.len());
    for (place, (name, kind)) in columns.iter().enumerate() {
        let array: String = row.try_get_by_index(place)?;
        let column = unpack(&array, *kind);
        let wrong = || Error::Corrupt(format!("a value of {name} is not of the type {kind:?}"));
        read.push(column.ok_or_else(wrong)?);
    }
    Ok(read)
}

fn unpack(array: &str, kind: ColumnType) -> Option<Column> {
    Some(match kind {
        ColumnType::I64 => Column::I64(present(integers(array)?)?),
        ColumnType::OptI64 => Column::OptI64(integers(array)?),
        ColumnType::I32 => Column::I32(present(narrow(integers(array)?)?)?),
        ColumnType::OptI32 => Column::OptI32(narrow(integers(array)?)?),
        ColumnType::Text => Column::Text(serde_json::from_str(array).ok()?),
        ColumnType::OptText => Column::OptText(serde_json::from_str(array).ok()?),
    })
}

fn present<T>(values: Vec<Option<T>>) -> Option<Vec<T>> {
    values.into_iter().collect()
}

fn narrow(values: Vec<Option<i64>>) -> Option<Vec<Option<i32>>> {
    let narrow = |value: i64| i32::try_from(value).ok();
    values
        .into_iter()
        .map(|value| value.map_or(Some(None), |value| narrow(value).map(Some)))
        .collect()
}

/// The integers and nulls of a JSON array, `None` when there is anything else in it.
fn integers(array: &str) -> Option<Vec<Option<i64>>> {
    let inner = array.strip_prefix('[')?.strip_suffix(']')?;
    let mut values = Vec::new();
    for text in inner.split_terminator(',') {
        values.push(if text == "null" { None } else { Some(text.parse().ok()?) });
    }
    Some(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrays_of_json_become_columns_of_one_type() {
        use ColumnType::{I32, I64, OptI32, OptI64, OptText, Text};
        let max = i64::MAX.to_string();
        for (array, kind, column) in [
            ("[]", I64, Some(Column::I64(vec![]))),
            ("[1,-2]", I64, Some(Column::I64(vec![1, -2]))),
            (format!("[{max}]").as_str(), I64, Some(Column::I64(vec![i64::MAX]))),
            ("[1,null]", I64, None),
            ("[1.5]", I64, None),
            ("[\"1\"]", I64, None),
            ("[null,7]", OptI64, Some(Column::OptI64(vec![None, Some(7)]))),
            ("[-2147483648]", I32, Some(Column::I32(vec![i32::MIN]))),
            ("[2147483648]", I32, None),
            ("[2147483648,null]", OptI32, None),
            ("[1,null]", OptI32, Some(Column::OptI32(vec![Some(1), None]))),
            (r#"["a\n,\"]"#, Text, None),
            (r#"["a\n,\""]"#, Text, Some(Column::Text(vec!["a\n,\"".to_owned()]))),
            ("[null]", Text, None),
            ("[1]", OptText, None),
            ("[null,\"\"]", OptText, Some(Column::OptText(vec![None, Some(String::new())]))),
        ] {
            assert_eq!(unpack(array, kind), column, "{array} as {kind:?}");
        }
    }
}
