//! What an error of the database means for the caller.

use sea_orm::sqlx::error::{DatabaseError as _, ErrorKind};
use sea_orm::sqlx::{self, sqlite::SqliteError};
use sea_orm::{DbErr, RuntimeErr};

use crate::Error;
use crate::writes::Obstacle;

/// PostgreSQL's SQLSTATEs for: serialization failure, deadlock, lock not available.
const CONFLICT_STATES: [&str; 3] = ["40001", "40P01", "55P03"];

/// PostgreSQL's SQLSTATEs for: connection lost (class 08), too many connections and out of
/// memory or disk (class 53), shutting down or cancelled by the statement timeout (class 57), an
/// error of the disk (class 58).
const UNAVAILABLE_CLASSES: [&str; 4] = ["08", "53", "57", "58"];

/// PostgreSQL's SQLSTATE for a write where only reads are allowed: a server that others follow no
/// more.
const READ_ONLY: &str = "25006";

/// SQLite's primary result codes for: busy, locked.
const CONFLICT_CODES: [i32; 2] = [5, 6];

/// SQLite's primary result codes for: out of memory, read-only, IO error, disk full, cannot open.
const UNAVAILABLE_CODES: [i32; 5] = [7, 8, 10, 13, 14];

/// SQLite's primary result code for a constraint that is broken.
const CONSTRAINT: i32 = 19;

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
    if let Some(error) = error.try_downcast_ref::<SqliteError>() {
        let code = primary(error);
        return sort(text, CONFLICT_CODES.contains(&code), UNAVAILABLE_CODES.contains(&code));
    }
    let code = error.code().unwrap_or_default();
    let class = code.get(..2).unwrap_or_default();
    let unavailable = UNAVAILABLE_CLASSES.contains(&class) || code == READ_ONLY;
    sort(text, CONFLICT_STATES.contains(&&*code), unavailable)
}

/// The extended code has the primary one in its lowest byte.
fn primary(error: &SqliteError) -> i32 {
    error.code().and_then(|code| code.parse::<i32>().ok()).unwrap_or(0) & 0xff
}

/// Whether SQLite refused a row for a constraint, and undid nothing but the statement.
pub(super) fn is_constraint(error: &SqliteError) -> bool {
    primary(error) == CONSTRAINT
}

/// Whether an error of PostgreSQL may be more than that of a statement: out of memory or disk, an
/// error of the disk, one of its own.
pub(super) fn harms_postgres(code: &str) -> bool {
    ["53", "58", "XX"].iter().any(|class| code.starts_with(class))
}

/// What keeps the database from writing, if `error` says so.
pub(crate) fn obstacle(error: &sqlx::Error) -> Option<Obstacle> {
    let sqlx::Error::Database(database) = error else { return None };
    if let Some(error) = database.try_downcast_ref::<SqliteError>() {
        return match primary(error) {
            7 => Some(Obstacle::Memory),
            8 => Some(Obstacle::ReadOnly),
            13 => Some(Obstacle::Full),
            // An I/O error, no file, a damaged one.
            10 | 11 | 14 | 26 => Some(Obstacle::Disk),
            _ => None,
        };
    }
    match &*database.code()? {
        "53100" => Some(Obstacle::Full),
        "53200" => Some(Obstacle::Memory),
        READ_ONLY => Some(Obstacle::ReadOnly),
        code if code.starts_with("58") => Some(Obstacle::Disk),
        "XX001" | "XX002" => Some(Obstacle::Disk),
        _ => None,
    }
}

fn sort(text: String, conflict: bool, unavailable: bool) -> Option<Error> {
    if conflict {
        return Some(Error::Conflict(text));
    }
    unavailable.then_some(Error::Unavailable(text))
}
