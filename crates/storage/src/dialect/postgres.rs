//! PostgreSQL, where Kehu holds the connections itself: what is dropped midway must give its
//! connection back at once, and COPY needs one.

mod busy;
mod columns;
mod pool;
mod rows;
mod transaction;

use std::sync::Arc;
use std::time::Instant;

use sea_orm::sqlx::query::Query;
use sea_orm::sqlx::{self, AssertSqlSafe, Postgres};
use sea_orm::{DbErr, RuntimeErr, Statement};
use sea_query_sqlx::SqlxValues;

pub(crate) use pool::Pool;
pub(crate) use transaction::Transaction;

use super::measure;

/// A statement with its values bound.
fn query(statement: &mut Statement) -> Query<'_, Postgres, SqlxValues> {
    let values = statement.values.take().unwrap_or_else(|| sea_orm::Values(Vec::new()));
    sqlx::query_with(AssertSqlSafe(statement.sql.as_str()), SqlxValues(values))
}

/// A statement that failed, named as sea-orm names it.
fn failed(error: sqlx::Error) -> DbErr {
    DbErr::Query(RuntimeErr::SqlxError(Arc::new(error)))
}

/// Measures a statement that began at `began`.
fn measured<T>(sql: &str, began: Instant, result: &Result<T, sqlx::Error>) {
    measure::record("postgresql", sql, began.elapsed(), result.is_err());
}
