//! Opening the connections.

use std::path::Path;
use std::time::Duration;

use sea_orm::sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sea_orm::sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous,
};
use sea_orm::sqlx::{self, ConnectOptions as _, Connection as _, PgConnection};

use super::connections::{Connections, Reader};
use super::flusher::Flusher;
use super::{postgres, sqlite};
use crate::writes::Writes;
use crate::{Error, Options};

/// More than what computes and adds up at once on a small machine, which holds a connection each.
const SQLITE_READERS: u32 = 8;

/// Leases and heartbeats are short, and must not queue behind the work that they are about. One more
/// is the flusher's.
const LEASE_CONNECTIONS: u32 = 3;

/// How often PostgreSQL looks whether the client of a statement is still there: a call that was
/// dropped closes its connection.
const CLIENT_CHECK: Duration = Duration::from_millis(500);

/// How long a PostgreSQL server may take to answer the first time.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Opens the database that `url` names. Statements are not logged: they hold personal data.
pub(crate) async fn open(url: &str, options: &Options) -> Result<Connections, Error> {
    if url.starts_with("sqlite:") {
        return open_sqlite(url, options).await;
    }
    if url.starts_with("postgres:") || url.starts_with("postgresql:") {
        return open_postgres(url, options).await;
    }
    Err(Error::Unavailable("the database url must start with sqlite:// or postgres://".to_owned()))
}

async fn open_sqlite(url: &str, options: &Options) -> Result<Connections, Error> {
    let file = sqlite_file(url, options.acquire_timeout)?;
    let pool = || SqlitePoolOptions::new().acquire_timeout(options.acquire_timeout);
    let writer = file
        .clone()
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        // 64 MiB, in KiB: the indexes of a bulk load stay in memory.
        .pragma("cache_size", "-65536")
        .pragma("wal_autocheckpoint", "8000");
    // The one writer is closed after an error alone: closing the last connection ends the WAL.
    let writer = pool()
        .max_connections(1)
        .min_connections(1)
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_with(writer)
        .await
        .map_err(unreachable)?;
    let reader = pool()
        .max_connections(SQLITE_READERS)
        .connect_with(file.pragma("query_only", "ON").row_buffer_size(1_000))
        .await
        .map_err(unreachable)?;
    let reader = Reader::sqlite(sqlite::Pool::new("readers", reader));
    let writer = sqlite::Pool::new("writer", writer);
    Ok(Connections::Sqlite { writer, reader, writes: Writes::default() })
}

fn sqlite_file(url: &str, busy_timeout: Duration) -> Result<SqliteConnectOptions, Error> {
    let file: SqliteConnectOptions = url.parse().map_err(unreachable)?;
    if url.contains(":memory:") || url.contains("mode=memory") {
        let text = "an sqlite database in memory cannot be shared, name a file instead";
        return Err(Error::Unavailable(text.to_owned()));
    }
    create_folder(file.get_filename())?;
    Ok(file
        .create_if_missing(true)
        .foreign_keys(true)
        .busy_timeout(busy_timeout)
        .disable_statement_logging())
}

fn create_folder(file: &Path) -> Result<(), Error> {
    let Some(folder) = file.parent() else { return Ok(()) };
    std::fs::create_dir_all(folder).map_err(|error| {
        Error::Unavailable(format!("cannot create the folder {}: {error}", folder.display()))
    })
}

async fn open_postgres(url: &str, options: &Options) -> Result<Connections, Error> {
    let server: PgConnectOptions = url.parse().map_err(unreachable)?;
    let server =
        server.application_name("kehu").options(session(options)).disable_statement_logging();
    reach(&server).await?;
    let pool = |name, connections| {
        let pool = PgPoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(options.acquire_timeout)
            .connect_lazy_with(server.clone());
        postgres::Pool::new(name, pool)
    };
    let work = pool("work", options.max_connections);
    let reader = Reader::postgres(work.clone());
    let (leases, flusher) = (pool("leases", LEASE_CONNECTIONS), Flusher::default());
    let writes = Writes::default();
    Ok(Connections::Postgres { work, reader, leases, flusher, writes })
}

/// What every session is opened with, whatever the server's own defaults are.
fn session(options: &Options) -> [(&'static str, String); 6] {
    let millis = |time: Duration| time.as_millis().to_string();
    [
        ("default_transaction_isolation", "read committed".to_owned()),
        // What was acknowledged is on disk.
        ("synchronous_commit", "on".to_owned()),
        ("statement_timeout", millis(options.statement_timeout)),
        ("lock_timeout", millis(options.lock_timeout)),
        ("idle_in_transaction_session_timeout", millis(options.idle_timeout)),
        ("client_connection_check_interval", millis(CLIENT_CHECK)),
    ]
}

/// Fails at once, and with the reason, where the pool would try until its timeout.
async fn reach(server: &PgConnectOptions) -> Result<(), Error> {
    let connecting = PgConnection::connect_with(server);
    match tokio::time::timeout(CONNECT_TIMEOUT, connecting).await {
        Ok(connected) => connected.map_err(unreachable)?.close().await.map_err(unreachable),
        Err(_) => Err(Error::Unavailable("the server does not answer".to_owned())),
    }
}

/// What keeps a connection from being made. sqlx's text names host and role, not the password.
fn unreachable(error: sqlx::Error) -> Error {
    Error::Unavailable(error.to_string())
}
