//! The connections of a database and its transactions, whichever database it is.

use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, ExecResult,
    QueryResult, SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait,
};

use super::flusher::{Flusher, Witness};
use super::select::read_columns;
use super::{postgres, sqlite};
use crate::Error;
use crate::bulk::{Column, ColumnType};
use crate::faults::Faults;
use crate::writes::Writes;

/// Begins a transaction that may append to the change log. It locks the log, in the mode that
/// writers of a table have among themselves, before its first write: see
/// [`crate::change_log`] for what readers make of it.
const BEGIN: &str =
    "BEGIN ISOLATION LEVEL READ COMMITTED; LOCK TABLE change_log IN ROW EXCLUSIVE MODE";

/// Begins a transaction that does not append.
const BEGIN_LEASE: &str = "BEGIN ISOLATION LEVEL READ COMMITTED";

/// The connections of a database.
#[derive(Debug)]
pub(crate) enum Connections {
    /// One pool for all work, which the reader has too, and a small one for leases.
    Postgres {
        work: postgres::Pool,
        reader: Reader,
        leases: postgres::Pool,
        flusher: Flusher,
        writes: Writes,
    },
    /// One writer, some readers.
    Sqlite { writer: sqlite::Pool, reader: Reader, writes: Writes },
}

impl Connections {
    pub(crate) fn reader(&self) -> &Reader {
        match self {
            Self::Postgres { reader, .. } | Self::Sqlite { reader, .. } => reader,
        }
    }

    /// How many connections there are to read with.
    pub(crate) fn readers(&self) -> usize {
        match &self.reader().0 {
            ReaderOf::Postgres(pool) => pool.size(),
            ReaderOf::Sqlite(pool) => pool.size(),
        }
    }

    /// A transaction that may write, and append to the change log.
    pub(crate) async fn begin(&self, faults: Faults) -> Result<Transaction, Error> {
        match self {
            Self::Postgres { work, writes, .. } => {
                Ok(Transaction::Postgres(work.begin(BEGIN, writes.clone(), faults).await?))
            }
            Self::Sqlite { writer, writes, .. } => {
                Ok(Transaction::Sqlite(writer.begin(writes.clone(), faults).await?))
            }
        }
    }

    /// A transaction for leases, on connections of their own where the database can.
    pub(crate) async fn begin_lease(&self) -> Result<Transaction, Error> {
        match self {
            Self::Postgres { leases, writes, .. } => {
                let begun = leases.begin(BEGIN_LEASE, writes.clone(), Faults::default());
                Ok(Transaction::Postgres(begun.await?))
            }
            Self::Sqlite { .. } => self.begin(Faults::default()).await,
        }
    }

    /// A transaction of sea-orm's own, which its migrator asks for.
    pub(crate) async fn begin_migration(&self) -> Result<DatabaseTransaction, Error> {
        Ok(match self {
            Self::Postgres { work, .. } => work.sea_orm().begin().await?,
            Self::Sqlite { writer, .. } => writer.sea_orm().begin_with_options(immediate()).await?,
        })
    }

    /// To be asked for before a commit that is to be flushed.
    pub(crate) async fn witness(&self) -> Result<Option<Witness>, Error> {
        match self {
            Self::Postgres { leases, flusher, .. } => Ok(Some(flusher.witness(leases).await?)),
            Self::Sqlite { .. } => Ok(None),
        }
    }

    /// Returns when everything is on disk that was committed before, and after `witness` was asked
    /// for.
    pub(crate) async fn flush(&self, witness: Option<Witness>) -> Result<(), Error> {
        match (self, witness) {
            (Self::Postgres { flusher, .. }, Some(witness)) => Ok(flusher.flush(witness).await?),
            _ => Ok(()),
        }
    }

    /// Waits for the connections in use and closes them all.
    pub(crate) async fn close(&self) {
        match self {
            Self::Postgres { work, leases, flusher, .. } => {
                flusher.close().await;
                leases.close().await;
                work.close().await;
            }
            Self::Sqlite { writer, reader, .. } => {
                reader.close().await;
                writer.close().await;
            }
        }
    }

    /// How writing fares.
    pub(crate) fn writes(&self) -> &Writes {
        match self {
            Self::Postgres { writes, .. } | Self::Sqlite { writes, .. } => writes,
        }
    }
}

/// A transaction of sea-orm's that writes.
fn immediate() -> TransactionOptions {
    TransactionOptions {
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..Default::default()
    }
}

/// The connections to read with; each statement is by itself. A write through them fails on
/// SQLite. A statement that is dropped midway gives its connection back at once.
#[derive(Debug)]
pub struct Reader(ReaderOf);

#[derive(Debug)]
enum ReaderOf {
    Postgres(postgres::Pool),
    Sqlite(sqlite::Pool),
}

impl Reader {
    pub(super) fn postgres(pool: postgres::Pool) -> Self {
        Self(ReaderOf::Postgres(pool))
    }

    pub(super) fn sqlite(pool: sqlite::Pool) -> Self {
        Self(ReaderOf::Sqlite(pool))
    }

    /// The same connections as sea-orm has them, for its migrator.
    pub(crate) fn sea_orm(&self) -> DatabaseConnection {
        match &self.0 {
            ReaderOf::Postgres(pool) => pool.sea_orm(),
            ReaderOf::Sqlite(pool) => pool.sea_orm(),
        }
    }

    /// The rows of a query without parameters; see [`crate::bulk::read_all`].
    pub(crate) async fn read_all(
        &self,
        query: &str,
        columns: &[(&str, ColumnType)],
    ) -> Result<Vec<Column>, Error> {
        match &self.0 {
            ReaderOf::Postgres(pool) => pool.copy_out(query, columns).await,
            ReaderOf::Sqlite(pool) => read_columns(pool, query, Vec::new(), columns).await,
        }
    }

    pub(crate) async fn ping(&self) -> Result<(), Error> {
        let done = match &self.0 {
            ReaderOf::Postgres(pool) => pool.ping().await,
            ReaderOf::Sqlite(pool) => pool.ping().await,
        };
        Ok(done?)
    }

    async fn close(&self) {
        match &self.0 {
            ReaderOf::Postgres(pool) => pool.close().await,
            ReaderOf::Sqlite(pool) => pool.close().await,
        }
    }
}

/// A transaction that writes; dropped it is rolled back.
#[derive(Debug)]
pub(crate) enum Transaction {
    Postgres(postgres::Transaction),
    Sqlite(sqlite::Transaction),
}

impl Transaction {
    pub(crate) async fn commit(self) -> Result<(), Error> {
        let done = match self {
            Self::Postgres(transaction) => transaction.commit().await,
            Self::Sqlite(transaction) => transaction.commit().await,
        };
        Ok(done?)
    }

    /// Commits, where the database can without waiting for the disk: see [`Connections::flush`].
    pub(crate) async fn commit_unflushed(self) -> Result<(), Error> {
        let done = match self {
            Self::Postgres(transaction) => transaction.commit_unflushed().await,
            Self::Sqlite(transaction) => transaction.commit().await,
        };
        Ok(done?)
    }

    pub(crate) async fn rollback(self) -> Result<(), Error> {
        let done = match self {
            Self::Postgres(transaction) => transaction.rollback().await,
            Self::Sqlite(transaction) => transaction.rollback().await,
        };
        Ok(done?)
    }

    /// Marks a place that [`Transaction::rollback_to_savepoint`] goes back to, in place of the one
    /// marked before.
    pub(crate) async fn savepoint(&self) -> Result<(), Error> {
        self.execute_unprepared("SAVEPOINT here").await?;
        Ok(())
    }

    /// Undoes what was written since, a statement that failed among it.
    pub(crate) async fn rollback_to_savepoint(&self) -> Result<(), Error> {
        const ROLLBACK: &str = "ROLLBACK TO SAVEPOINT here";
        match self {
            Self::Postgres(transaction) => transaction.rollback_to(ROLLBACK).await?,
            Self::Sqlite(transaction) => transaction.rollback_to(ROLLBACK).await?,
        }
        Ok(())
    }
}

#[async_trait::async_trait]
impl ConnectionTrait for Reader {
    fn get_database_backend(&self) -> DbBackend {
        match &self.0 {
            ReaderOf::Postgres(_) => DbBackend::Postgres,
            ReaderOf::Sqlite(_) => DbBackend::Sqlite,
        }
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        match &self.0 {
            ReaderOf::Postgres(pool) => pool.execute_raw(statement).await,
            ReaderOf::Sqlite(pool) => pool.execute_raw(statement).await,
        }
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        match &self.0 {
            ReaderOf::Postgres(pool) => pool.execute_unprepared(sql).await,
            ReaderOf::Sqlite(pool) => pool.execute_unprepared(sql).await,
        }
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        match &self.0 {
            ReaderOf::Postgres(pool) => pool.query_one_raw(statement).await,
            ReaderOf::Sqlite(pool) => pool.query_one_raw(statement).await,
        }
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        match &self.0 {
            ReaderOf::Postgres(pool) => pool.query_all_raw(statement).await,
            ReaderOf::Sqlite(pool) => pool.query_all_raw(statement).await,
        }
    }
}

#[async_trait::async_trait]
impl ConnectionTrait for Transaction {
    fn get_database_backend(&self) -> DbBackend {
        match self {
            Self::Postgres(_) => DbBackend::Postgres,
            Self::Sqlite(_) => DbBackend::Sqlite,
        }
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        match self {
            Self::Postgres(transaction) => transaction.execute_raw(statement).await,
            Self::Sqlite(transaction) => transaction.execute_raw(statement).await,
        }
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        match self {
            Self::Postgres(transaction) => transaction.execute_unprepared(sql).await,
            Self::Sqlite(transaction) => transaction.execute_unprepared(sql).await,
        }
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        match self {
            Self::Postgres(transaction) => transaction.query_one_raw(statement).await,
            Self::Sqlite(transaction) => transaction.query_one_raw(statement).await,
        }
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        match self {
            Self::Postgres(transaction) => transaction.query_all_raw(statement).await,
            Self::Sqlite(transaction) => transaction.query_all_raw(statement).await,
        }
    }
}
