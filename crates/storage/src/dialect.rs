//! The only place that knows which database it is.

mod classify;
mod insert;
mod listener;
mod measure;
mod open;
mod select;

use sea_orm::sea_query::ColumnDef;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr,
    SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait, Value,
};

pub(crate) use classify::classify;
pub(crate) use insert::insert_rows;
pub(crate) use listener::Listener;
pub(crate) use open::{Connections, open};
pub(crate) use select::{array, in_array, read_columns};

use crate::Error;

/// The channel on which PostgreSQL tells the other processes that the change log was appended to.
pub(crate) const CHANGE_CHANNEL: &str = "kehu_change";

/// The same for runs: there may be work on one, or one has ended.
pub(crate) const RUN_CHANNEL: &str = "kehu_run";

/// Any number that nothing else in the database locks.
const MIGRATION_LOCK: i64 = 0x6b65_6875;

/// A transaction that may write from its first statement on: SQLite is told so at once, because
/// a transaction that turns from reading to writing there can fail half way.
pub(crate) async fn begin(writer: &DatabaseConnection) -> Result<DatabaseTransaction, Error> {
    let sqlite_transaction_mode = match writer.get_database_backend() {
        DbBackend::Sqlite => Some(SqliteTransactionMode::Immediate),
        _ => None,
    };
    let options = TransactionOptions { sqlite_transaction_mode, ..Default::default() };
    Ok(writer.begin_with_options(options).await?)
}

/// Keeps other processes from migrating until the transaction ends; SQLite's one writer does.
pub(crate) async fn lock_migrations(connection: &impl ConnectionTrait) -> Result<(), Error> {
    if connection.get_database_backend() == DbBackend::Postgres {
        let sql = "SELECT pg_advisory_xact_lock($1)";
        execute(connection, sql, [MIGRATION_LOCK.into()]).await?;
    }
    Ok(())
}

/// Tells the listeners in other processes when the transaction commits.
pub(crate) async fn notify(
    connection: &impl ConnectionTrait,
    channel: &'static str,
) -> Result<(), Error> {
    if connection.get_database_backend() == DbBackend::Postgres {
        execute(connection, "SELECT pg_notify($1, '')", [channel.into()]).await?;
    }
    Ok(())
}

async fn execute<const N: usize>(
    connection: &impl ConnectionTrait,
    sql: &str,
    values: [Value; N],
) -> Result<(), DbErr> {
    let backend = connection.get_database_backend();
    connection.execute_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
    Ok(())
}

/// A text column, not null, compared byte by byte as SQLite does anyway: for identifiers. On
/// PostgreSQL a unique index in the database's own collation costs half the speed of loading.
pub(crate) fn key_text(backend: DbBackend, name: &'static str) -> ColumnDef {
    let mut column = ColumnDef::new(name);
    column.text().not_null();
    if backend == DbBackend::Postgres {
        column.extra("COLLATE \"C\"");
    }
    column
}
