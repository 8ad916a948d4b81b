//! What an error of the database means for the caller.

use sea_orm::sqlx::{self, error::ErrorKind};
use sea_orm::{DbErr, RuntimeErr};

use crate::Error;

/// PostgreSQL's SQLSTATEs for: serialization failure, deadlock, lock not available.
const CONFLICT_STATES: [&str; 3] = ["40001", "40P01", "55P03"];

/// PostgreSQL's SQLSTATEs for: connection lost (class 08), too many connections and out of
/// memory or disk (class 53), shutting down or cancelled by the statement timeout (class 57).
const UNAVAILABLE_CLASSES: [&str; 3] = ["08", "53", "57"];

/// SQLite's primary result codes for: busy, locked.
const CONFLICT_CODES: [i32; 2] = [5, 6];

/// SQLite's primary result codes for: IO error, disk full, cannot open.
const UNAVAILABLE_CODES: [i32; 3] = [10, 13, 14];

pub(crate) fn classify(error: DbErr) -> Error {
    if let DbErr::ConnectionAcquire(reason) = &error {
        return Error::Unavailable(reason.to_string());
    }
    let inner = match &error {
        DbErr::Conn(RuntimeErr::SqlxError(inner))
        | DbErr::Exec(RuntimeErr::SqlxError(inner))
        | DbErr::Query(RuntimeErr::SqlxError(inner)) => inner.clone(),
        _ => return Error::Database(error),
    };
    match &*inner {
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => Error::Unavailable(inner.to_string()),
        sqlx::Error::Database(database) => {
            classify_database(database.as_ref()).unwrap_or(Error::Database(error))
        }
        _ => Error::Database(error),
    }
}

fn classify_database(error: &dyn sqlx::error::DatabaseError) -> Option<Error> {
    let text = error.message().to_owned();
    // The message names the constraint or the columns, not the values.
    if error.kind() == ErrorKind::UniqueViolation {
        return Some(Error::already_exists("a row with the same key", text));
    }
    let code = error.code().unwrap_or_default();
    if error.try_downcast_ref::<sqlx::sqlite::SqliteError>().is_some() {
        // The extended code has the primary one in its lowest byte.
        let primary = code.parse::<i32>().unwrap_or(0) & 0xff;
        return sort(text, CONFLICT_CODES.contains(&primary), UNAVAILABLE_CODES.contains(&primary));
    }
    let class = code.get(..2).unwrap_or_default();
    sort(text, CONFLICT_STATES.contains(&&*code), UNAVAILABLE_CLASSES.contains(&class))
}

fn sort(text: String, conflict: bool, unavailable: bool) -> Option<Error> {
    if conflict {
        return Some(Error::Conflict(text));
    }
    unavailable.then_some(Error::Unavailable(text))
}
