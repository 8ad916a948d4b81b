//! The database's own clock, and who is writing what becomes known.

use sea_orm::{ConnectionTrait, DbBackend, Statement};

use super::execute;
use crate::Error;

/// The low bits of a writer's advisory lock hold when it began, in milliseconds since 1970; this
/// stands above them. Nothing else in the database locks such numbers.
const WRITERS: i64 = 0x6b68;
const TIME_BITS: i64 = 42;

/// Microseconds since 1970 by the database's clock.
pub(crate) async fn clock(connection: &impl ConnectionTrait) -> Result<i64, Error> {
    let sql = match connection.get_database_backend() {
        DbBackend::Postgres => {
            "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint)"
        }
        _ => "SELECT CAST(round(unixepoch('now', 'subsec') * 1000) AS INTEGER) * 1000",
    };
    number(connection, sql).await?.ok_or_else(|| Error::Corrupt("no clock".to_owned()))
}

/// Has [`oldest_writer`] see this transaction until it ends. Whatever it makes known is to be
/// dated by [`clock`] after this. SQLite has one writer at a time, which a reader can wait for.
pub(crate) async fn announce_writer(connection: &impl ConnectionTrait) -> Result<(), Error> {
    if connection.get_database_backend() == DbBackend::Postgres {
        let sql = "SELECT pg_advisory_xact_lock_shared($1 | \
                   CAST(floor(extract(epoch FROM clock_timestamp()) * 1000) AS bigint))";
        execute(connection, sql, [(WRITERS << TIME_BITS).into()]).await?;
    }
    Ok(())
}

/// When the oldest of the open writers began, in microseconds since 1970: nothing that becomes
/// known by one of them is of an earlier time. `None` when there is none, and on SQLite.
pub(crate) async fn oldest_writer(connection: &impl ConnectionTrait) -> Result<Option<i64>, Error> {
    if connection.get_database_backend() != DbBackend::Postgres {
        return Ok(None);
    }
    let key = "((CAST(classid AS bigint) << 32) | CAST(objid AS bigint))";
    let sql = format!(
        "SELECT min({key} & {mask}) * 1000 FROM pg_locks WHERE locktype = 'advisory' AND \
         objsubid = 1 AND {key} >> {TIME_BITS} = {WRITERS} AND \
         database = (SELECT oid FROM pg_database WHERE datname = current_database())",
        mask = (1_i64 << TIME_BITS) - 1
    );
    number(connection, &sql).await
}

/// Whether a transaction that writes keeps every other one from beginning.
pub(crate) fn one_writer(connection: &impl ConnectionTrait) -> bool {
    connection.get_database_backend() == DbBackend::Sqlite
}

async fn number(connection: &impl ConnectionTrait, sql: &str) -> Result<Option<i64>, Error> {
    let backend = connection.get_database_backend();
    let row = connection.query_one_raw(Statement::from_string(backend, sql)).await?;
    let Some(row) = row else { return Ok(None) };
    Ok(row.try_get_by_index(0)?)
}
