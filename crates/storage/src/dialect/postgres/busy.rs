//! A connection while something is done with it.

use sea_orm::sqlx::postgres::{PgConnection, PgDatabaseError, PgSeverity};
use sea_orm::sqlx::{self, Postgres};

use super::super::pool::Held;

/// A connection in the midst of a statement. Dropped like that it is closed: its place in the
/// pool is free at once, and the server ends the statement, because it looks after the client
/// while it works (`client_connection_check_interval`) and waits for it in a COPY. Returned to the
/// pool it would keep its place until the statement it was given is through, lock or no lock.
#[derive(Debug)]
pub(super) struct Busy(Option<Held<Postgres>>);

impl Busy {
    pub(super) fn new(connection: Held<Postgres>) -> Self {
        Self(Some(connection))
    }

    pub(super) fn connection(&mut self) -> &mut PgConnection {
        self.0.as_mut().expect("it is taken when this is over").connection()
    }

    /// The connection once its answer was `result`; `None`, and closed, where that leaves its
    /// state in doubt.
    pub(super) fn settle<T>(mut self, result: &Result<T, sqlx::Error>) -> Option<Held<Postgres>> {
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

impl Drop for Busy {
    fn drop(&mut self) {
        if let Some(connection) = self.0.take() {
            connection.close();
        }
    }
}

/// Whether the connection may be out of step with the server, or gone: anything but an answer of
/// the server that ended the statement alone, or a fault in values that were never sent or are
/// read already.
fn in_doubt(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Database(database) => database
            .try_downcast_ref::<PgDatabaseError>()
            .is_none_or(|error| !matches!(error.severity(), PgSeverity::Error)),
        sqlx::Error::RowNotFound => false,
        _ => true,
    }
}
