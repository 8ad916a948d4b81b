//! A transaction on a connection of one's own.

use std::io::ErrorKind;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use sea_orm::sqlx::postgres::{PgConnection, PgQueryResult};
use sea_orm::sqlx::{self, AssertSqlSafe, Executor as _, Postgres};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, ExecResult, QueryResult, Statement};
use tokio::runtime::Handle;
use tokio::sync::{Mutex, MutexGuard};

use super::super::pool::Held;
use super::busy::Busy;
use super::{columns, failed, measured, query};
use crate::bulk::Column;

/// How much of a COPY goes to the server at once: little, so that the server reads rows while the
/// next ones are made.
const COPY_CHUNK: usize = 1 << 16;

/// A transaction; dropped it is rolled back. A statement that is dropped midway, or ends in an
/// error that leaves the connection in doubt, closes the connection and the transaction with it.
#[derive(Debug)]
pub(crate) struct Transaction {
    /// `None` once it was closed.
    place: Mutex<Option<Held<Postgres>>>,
    /// A statement failed: PostgreSQL executes nothing more, and COMMIT would roll back and
    /// call it a success.
    aborted: AtomicBool,
}

/// The connection of a transaction while a statement has it.
struct Statements<'a> {
    place: MutexGuard<'a, Option<Held<Postgres>>>,
    busy: Busy,
}

impl Statements<'_> {
    /// The transaction has ended with `result`, and the connection goes back to the pool. After an
    /// error, whichever, it is not known how the transaction stands: it is closed.
    fn end(self, result: Result<PgQueryResult, sqlx::Error>) -> Result<(), DbErr> {
        let ended = result.map_err(failed)?;
        self.busy.give_back(&Ok(ended));
        Ok(())
    }
}

impl Transaction {
    /// Begins it with `statement`, which must be a BEGIN, and may do more.
    pub(super) async fn begin(
        connection: Held<Postgres>,
        statement: &'static str,
    ) -> Result<Self, DbErr> {
        let mut busy = Busy::new(connection);
        // An error may leave the block open: dropping `busy` closes it.
        busy.connection().execute(statement).await.map_err(failed)?;
        let connection = busy.settle(&Ok(()));
        Ok(Self { place: Mutex::new(connection), aborted: AtomicBool::new(false) })
    }

    pub(crate) async fn commit(self) -> Result<(), DbErr> {
        self.commit_by("COMMIT").await
    }

    /// Commits without waiting for the disk.
    pub(crate) async fn commit_unflushed(self) -> Result<(), DbErr> {
        self.commit_by("SET LOCAL synchronous_commit TO off; COMMIT").await
    }

    async fn commit_by(self, statement: &'static str) -> Result<(), DbErr> {
        if self.aborted.load(Ordering::Relaxed) {
            self.rollback().await?;
            let text = "a statement of the transaction failed, nothing was written";
            return Err(DbErr::Custom(text.to_owned()));
        }
        let mut statements = self.statements().await?;
        let result = statements.busy.connection().execute(statement).await;
        statements.end(result)
    }

    pub(crate) async fn rollback(self) -> Result<(), DbErr> {
        if self.place.lock().await.is_none() {
            return Ok(());
        }
        let mut statements = self.statements().await?;
        let result = statements.busy.connection().execute("ROLLBACK").await;
        statements.end(result)
    }

    async fn statements(&self) -> Result<Statements<'_>, DbErr> {
        let mut place = self.place.lock().await;
        match place.take() {
            Some(connection) => Ok(Statements { place, busy: Busy::new(connection) }),
            None => Err(failed(sqlx::Error::Io(ErrorKind::BrokenPipe.into()))),
        }
    }

    /// Takes note of how a statement ended.
    fn settle<T>(
        &self,
        statements: Statements<'_>,
        result: Result<T, sqlx::Error>,
    ) -> Result<T, DbErr> {
        let Statements { mut place, busy } = statements;
        if result.is_err() {
            self.aborted.store(true, Ordering::Relaxed);
        }
        *place = busy.settle(&result);
        result.map_err(failed)
    }

    /// Sends rows to `sql`, a COPY FROM STDIN in binary format; returns how many were written.
    pub(crate) async fn copy_in(
        &self,
        sql: &str,
        columns: &[(&str, Column)],
        rows: usize,
    ) -> Result<u64, DbErr> {
        let mut statements = self.statements().await?;
        let began = Instant::now();
        let result = copy(statements.busy.connection(), sql, columns, rows).await;
        measured(sql, began, &result);
        self.settle(statements, result)
    }

    /// Executes `sql` with some rows of each column as an array; returns how many rows it wrote.
    pub(crate) async fn execute_arrays(
        &self,
        sql: &str,
        columns: &[(&str, Column)],
        rows: Range<usize>,
    ) -> Result<u64, DbErr> {
        let mut statements = self.statements().await?;
        let began = Instant::now();
        let mut query = sqlx::query(AssertSqlSafe(sql.to_owned()));
        for (_, column) in columns {
            query = columns::bind(query, column, rows.clone());
        }
        let result = query.execute(statements.busy.connection()).await;
        measured(sql, began, &result);
        Ok(self.settle(statements, result)?.rows_affected())
    }

    /// Goes back to a savepoint after a statement failed.
    pub(crate) async fn rollback_to(&self, sql: &'static str) -> Result<(), DbErr> {
        self.execute_unprepared(sql).await?;
        self.aborted.store(false, Ordering::Relaxed);
        Ok(())
    }
}

async fn copy(
    connection: &mut PgConnection,
    sql: &str,
    columns: &[(&str, Column)],
    rows: usize,
) -> Result<u64, sqlx::Error> {
    let mut copy = connection.copy_in_raw(sql).await?;
    let mut data = columns::HEADER.to_vec();
    for row in 0..rows {
        columns::push_row(&mut data, columns, row);
        if data.len() >= COPY_CHUNK {
            copy.send(data.as_slice()).await?;
            data.clear();
        }
    }
    data.extend_from_slice(&columns::TRAILER);
    copy.send(data.as_slice()).await?;
    copy.finish().await
}

impl Drop for Transaction {
    fn drop(&mut self) {
        let Some(connection) = self.place.get_mut().take() else { return };
        let busy = Busy::new(connection);
        // Without a runtime there is nobody to roll back: closed, it is rolled back as well.
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(roll_back(busy));
        }
    }
}

async fn roll_back(mut busy: Busy) {
    let result = busy.connection().execute("ROLLBACK").await;
    busy.give_back(&result);
}

#[async_trait::async_trait]
impl ConnectionTrait for Transaction {
    fn get_database_backend(&self) -> DbBackend {
        DbBackend::Postgres
    }

    async fn execute_raw(&self, mut statement: Statement) -> Result<ExecResult, DbErr> {
        let mut statements = self.statements().await?;
        let began = Instant::now();
        let result = query(&mut statement).execute(statements.busy.connection()).await;
        measured(&statement.sql, began, &result);
        Ok(self.settle(statements, result)?.into())
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        let mut statements = self.statements().await?;
        let sql = AssertSqlSafe(sql.to_owned());
        let result = statements.busy.connection().execute(sql).await;
        Ok(self.settle(statements, result)?.into())
    }

    async fn query_one_raw(&self, mut statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        let mut statements = self.statements().await?;
        let began = Instant::now();
        let result = query(&mut statement).fetch_optional(statements.busy.connection()).await;
        measured(&statement.sql, began, &result);
        Ok(self.settle(statements, result)?.map(QueryResult::from))
    }

    async fn query_all_raw(&self, mut statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        let mut statements = self.statements().await?;
        let began = Instant::now();
        let result = query(&mut statement).fetch_all(statements.busy.connection()).await;
        measured(&statement.sql, began, &result);
        Ok(self.settle(statements, result)?.into_iter().map(QueryResult::from).collect())
    }
}
