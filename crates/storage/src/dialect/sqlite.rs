//! Connections to SQLite.

use std::time::Instant;

use sea_orm::sqlx::{self, AssertSqlSafe, Connection as _, Executor as _, Sqlite, SqlitePool};
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DbBackend, DbErr, ExecResult, QueryResult, Statement,
};

use super::driver::{failed, query};
use super::pool::{self, Held};
use super::transaction;
use crate::faults::Faults;
use crate::writes::Writes;

/// SQLite is told at once that a transaction writes: one that turns from reading to writing can
/// fail half way.
const BEGIN: &str = "BEGIN IMMEDIATE";

/// A transaction on SQLite.
pub(crate) type Transaction = transaction::Transaction<Sqlite>;

/// A pool of connections, which executes each statement by itself. A statement that is dropped
/// midway keeps its connection from others until it is through.
#[derive(Debug, Clone)]
pub(crate) struct Pool(pool::Pool<Sqlite>);

impl Pool {
    pub(crate) fn new(name: &'static str, pool: SqlitePool) -> Self {
        Self(pool::Pool::new(name, pool))
    }

    /// How many connections there may be.
    pub(crate) fn size(&self) -> usize {
        self.0.size()
    }

    /// sea-orm's own view of the same connections, for the migrator, which asks for it.
    pub(crate) fn sea_orm(&self) -> DatabaseConnection {
        self.0.sqlx().into()
    }

    /// A transaction that writes, the only one where this is the pool of the writer.
    pub(crate) async fn begin(&self, writes: Writes, faults: Faults) -> Result<Transaction, DbErr> {
        Transaction::begin(self.0.acquire().await?, BEGIN, writes, faults).await
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

/// Keeps the connection of a statement that is through.
fn settle<T>(held: Held<Sqlite>, result: Result<T, sqlx::Error>) -> Result<T, DbErr> {
    if result.is_ok() {
        held.keep();
    }
    result.map_err(failed)
}

/// Measures a statement that began at `began`.
fn measured<T>(sql: &str, began: Instant, result: &Result<T, sqlx::Error>) {
    transaction::measured::<Sqlite, _>(sql, began, result);
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
