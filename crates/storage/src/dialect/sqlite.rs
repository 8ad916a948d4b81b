//! Connections to SQLite that read.

use std::sync::Arc;
use std::time::Instant;

use sea_orm::sqlx::query::Query;
use sea_orm::sqlx::{self, AssertSqlSafe, Connection as _, Executor as _, Sqlite, SqlitePool};
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DbBackend, DbErr, ExecResult, QueryResult, RuntimeErr,
    Statement,
};
use sea_query_sqlx::SqlxValues;

use super::measure;
use super::pool::{self, Held};

/// A pool of connections, which executes each statement by itself. A statement that is dropped
/// midway keeps its connection from others until it is through.
#[derive(Debug, Clone)]
pub(crate) struct Pool(pool::Pool<Sqlite>);

impl Pool {
    pub(crate) fn new(pool: SqlitePool) -> Self {
        Self(pool::Pool::new(pool))
    }

    /// sea-orm's own view of the same connections, for the migrator, which asks for it.
    pub(crate) fn sea_orm(&self) -> DatabaseConnection {
        self.0.sqlx().into()
    }

    pub(crate) async fn ping(&self) -> Result<(), DbErr> {
        let mut held = self.0.acquire().await?;
        let result = held.connection().ping().await;
        settle(held, result)
    }

    pub(crate) async fn close(&self) {
        self.0.close().await;
    }
}

/// A statement with its values bound.
fn query(statement: &mut Statement) -> Query<'_, Sqlite, SqlxValues> {
    let values = statement.values.take().unwrap_or_else(|| sea_orm::Values(Vec::new()));
    sqlx::query_with(AssertSqlSafe(statement.sql.as_str()), SqlxValues(values))
}

/// Keeps the connection of a statement that is through.
fn settle<T>(held: Held<Sqlite>, result: Result<T, sqlx::Error>) -> Result<T, DbErr> {
    if result.is_ok() {
        held.keep();
    }
    result.map_err(|error| DbErr::Query(RuntimeErr::SqlxError(Arc::new(error))))
}

/// Measures a statement that began at `began`.
fn measured<T>(sql: &str, began: Instant, result: &Result<T, sqlx::Error>) {
    measure::record("sqlite", sql, began.elapsed(), result.is_err());
}

#[async_trait::async_trait]
impl ConnectionTrait for Pool {
    fn get_database_backend(&self) -> DbBackend {
        DbBackend::Sqlite
    }

    async fn execute_raw(&self, mut statement: Statement) -> Result<ExecResult, DbErr> {
        let mut held = self.0.acquire().await?;
        let began = Instant::now();
        let result = query(&mut statement).execute(held.connection()).await;
        measured(&statement.sql, began, &result);
        Ok(settle(held, result)?.into())
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        let mut held = self.0.acquire().await?;
        let result = held.connection().execute(AssertSqlSafe(sql.to_owned())).await;
        Ok(settle(held, result)?.into())
    }

    async fn query_one_raw(&self, mut statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        let mut held = self.0.acquire().await?;
        let began = Instant::now();
        let result = query(&mut statement).fetch_optional(held.connection()).await;
        measured(&statement.sql, began, &result);
        Ok(settle(held, result)?.map(QueryResult::from))
    }

    async fn query_all_raw(&self, mut statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        let mut held = self.0.acquire().await?;
        let began = Instant::now();
        let result = query(&mut statement).fetch_all(held.connection()).await;
        measured(&statement.sql, began, &result);
        Ok(settle(held, result)?.into_iter().map(QueryResult::from).collect())
    }
}
