//! A connection while something is done with it.

use sea_orm::sqlx::postgres::{PgDatabaseError, PgSeverity};
use sea_orm::sqlx::sqlite::SqliteError;
use sea_orm::sqlx::{self, Database};

use super::classify::{harms_postgres, is_constraint};
use super::pool::Held;

/// A connection in the midst of a statement. Dropped like that it is closed, and with it ends the
/// transaction that it may have open. On PostgreSQL its place in the pool is free at once, and the
/// server ends the statement, because it looks after the client while it works
/// (`client_connection_check_interval`) and waits for it in a COPY. Returned to the pool it would
/// keep its place until the statement it was given is through, lock or no lock.
#[derive(Debug)]
pub(super) struct Busy<DB: Database>(Option<Held<DB>>);

impl<DB: Database> Busy<DB> {
    pub(super) fn new(connection: Held<DB>) -> Self {
        Self(Some(connection))
    }

    pub(super) fn connection(&mut self) -> &mut DB::Connection {
        self.0.as_mut().expect("it is taken when this is over").connection()
    }

    /// The connection once its answer was `result`; `None`, and closed, where that leaves its
    /// state in doubt.
    pub(super) fn settle<T>(mut self, result: &Result<T, sqlx::Error>) -> Option<Held<DB>> {
        match result {
            Err(error) if in_doubt(error) => None,
            _ => self.0.take(),
        }
    }

    /// Gives the connection back to the pool, unless its state is in doubt.
    pub(super) fn give_back<T>(self, result: &Result<T, sqlx::Error>) {
        if let Some(connection) = self.settle(result) {
            connection.keep();
        }
    }
}

impl<DB: Database> Drop for Busy<DB> {
    fn drop(&mut self) {
        if let Some(connection) = self.0.take() {
            connection.close();
        }
    }
}

/// Whether the connection may be out of step with the server, or gone, or its transaction: anything
/// but an answer that ended the statement alone, or a fault in values that were never sent or are
/// read already. SQLite rolls back by itself when it cannot write or runs out of memory, and says
/// so with the same code that it has for a statement that failed alone, so that a broken
/// constraint is all that is harmless there.
fn in_doubt(error: &sqlx::Error) -> bool {
    let database = match error {
        sqlx::Error::Database(database) => database,
        sqlx::Error::RowNotFound => return false,
        _ => return true,
    };
    if let Some(error) = database.try_downcast_ref::<SqliteError>() {
        return !is_constraint(error);
    }
    database.try_downcast_ref::<PgDatabaseError>().is_none_or(|error| {
        !matches!(error.severity(), PgSeverity::Error) || harms_postgres(error.code())
    })
}
