//! PostgreSQL, where Kehu holds the connections itself: what is dropped midway must give its
//! connection back at once, and COPY needs one.

mod columns;
mod pool;
mod rows;
mod transaction;

use std::time::Instant;

use sea_orm::sqlx::{self, Postgres};

pub(crate) use pool::Pool;
pub(crate) use transaction::Transaction;

use super::driver::Driver as _;
use super::measure;

/// Measures a statement that began at `began`.
fn measured<T>(sql: &str, began: Instant, result: &Result<T, sqlx::Error>) {
    measure::record(Postgres::SYSTEM, sql, began.elapsed(), result.is_err());
}
