//! The only place that knows which database it is.

mod any;
mod busy;
mod classify;
mod connections;
mod copy;
mod driver;
mod flusher;
mod insert;
mod known;
mod listener;
mod log;
mod measure;
mod notifier;
mod open;
mod pool;
mod postgres;
mod select;
mod sequence;
mod sqlite;
mod transaction;
mod turns;

use sea_orm::sea_query::ColumnDef;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement, Value};

pub(crate) use any::{is_any_number, is_any_text};
pub(crate) use classify::{classify, obstacle};
pub use connections::Reader;
pub(crate) use connections::{Connections, Transaction};
pub(crate) use flusher::Witness;
pub(crate) use insert::insert_rows;
pub(crate) use known::{announce_writer, clock, oldest_writer, one_writer};
pub(crate) use listener::{Listener, Signal, Signals, fire};
pub(crate) use log::{log_append, log_horizon};
pub(crate) use notifier::Notifier;
pub(crate) use open::open;
pub(crate) use select::{array, from_each, in_array, lock_rows_of, read_columns, text_array};
pub(crate) use sequence::{create_sequence, draw, drop_sequence};
pub(crate) use turns::{
    change_late_reasons, change_rates, change_references, keep_rejects, queue_run,
    use_late_reasons, use_rates, use_references,
};

use crate::Error;

/// The channel on which PostgreSQL tells the other processes that the change log was appended to.
pub(crate) const CHANGE_CHANNEL: &str = "kehu_change";

/// The same for runs: there may be work on one, or one has ended.
pub(crate) const RUN_CHANNEL: &str = "kehu_run";

/// The same for the consumers of the change log: one has gone on.
pub(crate) const FOLLOWED_CHANNEL: &str = "kehu_followed";

/// Any number that nothing else in the database locks.
const MIGRATION_LOCK: i64 = 0x6b65_6875;

/// Keeps other processes from migrating until the transaction ends; SQLite's one writer does.
pub(crate) async fn lock_migrations(connection: &impl ConnectionTrait) -> Result<(), Error> {
    if connection.get_database_backend() == DbBackend::Postgres {
        // The other process may take long, and so may a migration.
        for limit in ["lock_timeout", "statement_timeout"] {
            execute(connection, "SELECT set_config($1, '0', true)", [limit.into()]).await?;
        }
        let sql = "SELECT pg_advisory_xact_lock($1)";
        execute(connection, sql, [MIGRATION_LOCK.into()]).await?;
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

/// SQL for 16 characters of 0-9 and A-F that nobody else has.
pub(crate) fn random_hexadecimal(backend: DbBackend) -> &'static str {
    match backend {
        DbBackend::Postgres => "upper(right(replace(gen_random_uuid()::text, '-', ''), 16))",
        _ => "hex(randomblob(8))",
    }
}

/// The same as [`key_text`], of a key that not every row has.
pub(crate) fn key_text_null(backend: DbBackend, name: &'static str) -> ColumnDef {
    let mut column = ColumnDef::new(name);
    column.text().null();
    if backend == DbBackend::Postgres {
        column.extra("COLLATE \"C\"");
    }
    column
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
