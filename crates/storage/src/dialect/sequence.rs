//! Numbers that are given once, in ascending order, with gaps where they were given in vain.

use sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement, Value};

use super::connections::Transaction;
use crate::Error;

/// Creates a sequence that begins with 1. On SQLite it is a table with the last number: with one
/// writer nobody waits for it.
pub(crate) async fn create_sequence(
    connection: &impl ConnectionTrait,
    name: &str,
) -> Result<(), DbErr> {
    let sql = match connection.get_database_backend() {
        DbBackend::Postgres => format!("CREATE SEQUENCE \"{name}\""),
        _ => format!(
            "CREATE TABLE \"{name}\" (last bigint NOT NULL); INSERT INTO \"{name}\" VALUES (0)"
        ),
    };
    connection.execute_unprepared(&sql).await?;
    Ok(())
}

/// Drops a sequence.
pub(crate) async fn drop_sequence(
    connection: &impl ConnectionTrait,
    name: &str,
) -> Result<(), DbErr> {
    let kind = match connection.get_database_backend() {
        DbBackend::Postgres => "SEQUENCE",
        _ => "TABLE",
    };
    connection.execute_unprepared(&format!("DROP {kind} \"{name}\"")).await?;
    Ok(())
}

/// The next `count` numbers of a sequence, ascending. On PostgreSQL nobody waits for who drew
/// before, and a number that was drawn is never drawn again, whatever becomes of the transaction.
pub(crate) async fn draw(
    transaction: &Transaction,
    name: &'static str,
    count: usize,
) -> Result<Vec<i64>, Error> {
    if count == 0 {
        return Ok(Vec::new());
    }
    let backend = transaction.get_database_backend();
    let amount = i64::try_from(count).expect("a batch is small");
    let mut numbers = Vec::with_capacity(count);
    if backend == DbBackend::Postgres {
        // Many rows of a number each would take longer than drawing them. The name is part of the
        // text: a parameter would be looked up anew for every number.
        let sql = format!(
            "SELECT array_agg(nextval('\"{name}\"'::regclass)) AS numbers FROM generate_series(1, $1)"
        );
        for row in query(transaction, &sql, vec![amount.into()]).await? {
            numbers = row.try_get("", "numbers")?;
        }
    } else {
        let sql = format!("UPDATE \"{name}\" SET last = last + $1 RETURNING last");
        for row in query(transaction, &sql, vec![amount.into()]).await? {
            let last: i64 = row.try_get("", "last")?;
            numbers.extend(last - amount + 1..=last);
        }
    }
    if numbers.len() != count {
        return Err(Error::Corrupt(format!("the sequence {name} gives no numbers")));
    }
    numbers.sort_unstable();
    Ok(numbers)
}

async fn query(
    transaction: &Transaction,
    sql: &str,
    values: Vec<Value>,
) -> Result<Vec<sea_orm::QueryResult>, Error> {
    let backend = transaction.get_database_backend();
    let statement = Statement::from_sql_and_values(backend, sql, values);
    Ok(transaction.query_all_raw(statement).await?)
}
