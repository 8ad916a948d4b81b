//! A transaction on a connection of one's own.

use std::io::ErrorKind;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use sea_orm::sqlx;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, ExecResult, QueryResult, Statement};
use tokio::runtime::Handle;
use tokio::sync::{Mutex, MutexGuard};

use super::busy::Busy;
use super::driver::{Driver, failed};
use super::measure;
use super::pool::Held;
use crate::faults::{Fault, Faults};
use crate::writes::Writes;

/// Nothing has this name: the database refuses what asks for it.
const REFUSED: &str = "SELECT * FROM no_such_table";

/// A transaction; dropped it is rolled back. A statement that is dropped midway, or ends in an
/// error that leaves the connection in doubt, closes the connection and the transaction with it:
/// whatever comes after is another transaction on another connection.
#[derive(Debug)]
pub(crate) struct Transaction<DB: Driver> {
    /// `None` once it was closed.
    place: Mutex<Option<Held<DB>>>,
    /// A statement failed: nothing more is executed but going back to a savepoint. PostgreSQL's
    /// COMMIT would roll back then and call it a success.
    aborted: AtomicBool,
    writes: Writes,
    faults: Faults,
}

/// The connection of a transaction while a statement has it.
pub(super) struct Statements<'a, DB: Driver> {
    place: MutexGuard<'a, Option<Held<DB>>>,
    busy: Busy<DB>,
    fault: Option<Fault>,
}

impl<DB: Driver> Statements<'_, DB> {
    pub(super) fn connection(&mut self) -> &mut DB::Connection {
        self.busy.connection()
    }

    /// What a test wants to go wrong before a statement is sent.
    async fn strike(&mut self) -> Result<(), sqlx::Error> {
        match self.fault {
            None | Some(Fault::Unanswered) => return Ok(()),
            Some(Fault::Unsent) => return Err(gone()),
            Some(Fault::Refused) => {}
            Some(Fault::RolledBack) => {
                DB::run(self.connection(), "ROLLBACK").await?;
            }
        }
        DB::run(self.connection(), REFUSED).await.map(|_| ())
    }

    /// What is known of how it went.
    fn answer<T>(&self, result: Result<T, sqlx::Error>) -> Result<T, sqlx::Error> {
        match self.fault {
            Some(Fault::Unanswered) => Err(gone()),
            _ => result,
        }
    }
}

fn gone() -> sqlx::Error {
    sqlx::Error::Io(ErrorKind::BrokenPipe.into())
}

impl<DB: Driver> Transaction<DB> {
    /// Begins it with `statement`, which must be a BEGIN, and may do more. How it fares is told to
    /// `writes`.
    pub(super) async fn begin(
        connection: Held<DB>,
        statement: &'static str,
        writes: Writes,
        faults: Faults,
    ) -> Result<Self, DbErr> {
        let place = Mutex::new(Some(connection));
        let transaction = Self { place, aborted: AtomicBool::new(false), writes, faults };
        let begun = transaction.run(statement).await;
        if begun.is_err() {
            // It may have left the block open.
            drop(transaction.place.lock().await.take().map(Busy::new));
        }
        begun.map(|_| transaction)
    }

    pub(crate) async fn commit(self) -> Result<(), DbErr> {
        self.commit_by("COMMIT").await
    }

    pub(super) async fn commit_by(self, statement: &'static str) -> Result<(), DbErr> {
        if self.aborted.load(Ordering::Relaxed) {
            self.rollback().await?;
            let text = "a statement of the transaction failed, nothing was written";
            return Err(DbErr::Custom(text.to_owned()));
        }
        self.end(statement).await
    }

    pub(crate) async fn rollback(self) -> Result<(), DbErr> {
        if self.place.lock().await.is_none() {
            return Ok(());
        }
        self.end("ROLLBACK").await
    }

    /// Ends it with `statement`, and gives the connection back. After an error, whichever, it is
    /// not known how the transaction stands: the connection is closed.
    async fn end(&self, statement: &'static str) -> Result<(), DbErr> {
        let mut statements = self.statements().await?;
        let ended = DB::run(statements.connection(), statement).await;
        let ended = statements.answer(ended).map_err(|error| self.failed(error))?;
        statements.busy.give_back(&Ok(ended));
        Ok(())
    }

    pub(super) async fn statements(&self) -> Result<Statements<'_, DB>, DbErr> {
        let mut place = self.place.lock().await;
        let Some(connection) = place.take() else { return Err(failed(gone())) };
        let fault = self.faults.next();
        let mut statements = Statements { place, busy: Busy::new(connection), fault };
        match statements.strike().await {
            Ok(()) => Ok(statements),
            Err(error) => self.settle(statements, Err(error)),
        }
    }

    /// Takes note of how a statement ended.
    pub(super) fn settle<T>(
        &self,
        statements: Statements<'_, DB>,
        result: Result<T, sqlx::Error>,
    ) -> Result<T, DbErr> {
        let result = statements.answer(result);
        let Statements { mut place, busy, .. } = statements;
        if result.is_err() {
            self.aborted.store(true, Ordering::Relaxed);
        }
        *place = busy.settle(&result);
        result.map_err(|error| self.failed(error))
    }

    fn failed(&self, error: sqlx::Error) -> DbErr {
        self.writes.failed(&error);
        failed(error)
    }

    /// Goes back to a savepoint after a statement failed.
    pub(crate) async fn rollback_to(&self, sql: &'static str) -> Result<(), DbErr> {
        self.run(sql).await?;
        self.aborted.store(false, Ordering::Relaxed);
        Ok(())
    }

    async fn run(&self, sql: &str) -> Result<ExecResult, DbErr> {
        let mut statements = self.statements().await?;
        let result = DB::run(statements.connection(), sql).await;
        self.settle(statements, result)
    }

    /// A statement that must not be executed after one that failed. PostgreSQL sees to it itself.
    fn check(&self) -> Result<(), DbErr> {
        if self.aborted.load(Ordering::Relaxed) {
            let text = "a statement of the transaction failed, it executes no more";
            return Err(DbErr::Custom(text.to_owned()));
        }
        Ok(())
    }
}

impl<DB: Driver> Drop for Transaction<DB> {
    fn drop(&mut self) {
        let Some(connection) = self.place.get_mut().take() else { return };
        let busy = Busy::new(connection);
        // Without a runtime there is nobody to roll back: closed, it is rolled back as well.
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(roll_back(busy));
        }
    }
}

async fn roll_back<DB: Driver>(mut busy: Busy<DB>) {
    // After an error, whichever, it may still be open.
    if let Ok(ended) = DB::run(busy.connection(), "ROLLBACK").await {
        busy.give_back(&Ok(ended));
    }
}

/// Measures a statement that began at `began`.
pub(super) fn measured<DB: Driver, T>(sql: &str, began: Instant, result: &Result<T, sqlx::Error>) {
    measure::record(DB::SYSTEM, sql, began.elapsed(), result.is_err());
}

#[async_trait::async_trait]
impl<DB: Driver> ConnectionTrait for Transaction<DB> {
    fn get_database_backend(&self) -> DbBackend {
        DB::BACKEND
    }

    async fn execute_raw(&self, mut statement: Statement) -> Result<ExecResult, DbErr> {
        self.check()?;
        let mut statements = self.statements().await?;
        let began = Instant::now();
        let result = DB::execute(statements.connection(), &mut statement).await;
        measured::<DB, _>(&statement.sql, began, &result);
        self.settle(statements, result)
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.check()?;
        self.run(sql).await
    }

    async fn query_one_raw(&self, mut statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.check()?;
        let mut statements = self.statements().await?;
        let began = Instant::now();
        let result = DB::fetch_one(statements.connection(), &mut statement).await;
        measured::<DB, _>(&statement.sql, began, &result);
        self.settle(statements, result)
    }

    async fn query_all_raw(&self, mut statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.check()?;
        let mut statements = self.statements().await?;
        let began = Instant::now();
        let result = DB::fetch_all(statements.connection(), &mut statement).await;
        measured::<DB, _>(&statement.sql, began, &result);
        self.settle(statements, result)
    }
}
