//! Connections to PostgreSQL, each borrowed for one statement or one transaction.

use std::sync::Arc;
use std::time::Instant;

use sea_orm::sqlx::pool::PoolConnection;
use sea_orm::sqlx::{self, AssertSqlSafe, Connection as _, Executor as _, PgPool, Postgres};
use sea_orm::{
    ConnAcquireErr, ConnectionTrait, DatabaseConnection, DbBackend, DbErr, ExecResult, QueryResult,
    RuntimeErr, Statement,
};

use super::busy::Busy;
use super::transaction::Transaction;
use super::{failed, measured, query};

/// A pool of connections, which executes each statement by itself.
#[derive(Debug, Clone)]
pub(crate) struct Pool(PgPool);

impl Pool {
    pub(crate) fn new(pool: PgPool) -> Self {
        Self(pool)
    }

    /// sea-orm's own view of the same connections, for the migrator, which asks for it.
    pub(crate) fn sea_orm(&self) -> DatabaseConnection {
        self.0.clone().into()
    }

    pub(crate) async fn begin(&self, statement: &'static str) -> Result<Transaction, DbErr> {
        Transaction::begin(self.acquire().await?, statement).await
    }

    pub(crate) async fn ping(&self) -> Result<(), DbErr> {
        let mut busy = Busy::new(self.acquire().await?);
        let result = busy.connection().ping().await;
        busy.settle(&result);
        result.map_err(failed)
    }

    pub(crate) async fn close(&self) {
        self.0.close().await;
    }

    async fn acquire(&self) -> Result<PoolConnection<Postgres>, DbErr> {
        self.0.acquire().await.map_err(|error| match error {
            sqlx::Error::PoolTimedOut => DbErr::ConnectionAcquire(ConnAcquireErr::Timeout),
            sqlx::Error::PoolClosed => DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed),
            error => DbErr::Conn(RuntimeErr::SqlxError(Arc::new(error))),
        })
    }
}

#[async_trait::async_trait]
impl ConnectionTrait for Pool {
    fn get_database_backend(&self) -> DbBackend {
        DbBackend::Postgres
    }

    async fn execute_raw(&self, mut statement: Statement) -> Result<ExecResult, DbErr> {
        let mut busy = Busy::new(self.acquire().await?);
        let began = Instant::now();
        let result = query(&mut statement).execute(busy.connection()).await;
        measured(&statement.sql, began, &result);
        busy.settle(&result);
        Ok(result.map_err(failed)?.into())
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        let mut busy = Busy::new(self.acquire().await?);
        let result = busy.connection().execute(AssertSqlSafe(sql.to_owned())).await;
        busy.settle(&result);
        Ok(result.map_err(failed)?.into())
    }

    async fn query_one_raw(&self, mut statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        let mut busy = Busy::new(self.acquire().await?);
        let began = Instant::now();
        let result = query(&mut statement).fetch_optional(busy.connection()).await;
        measured(&statement.sql, began, &result);
        busy.settle(&result);
        Ok(result.map_err(failed)?.map(QueryResult::from))
    }

    async fn query_all_raw(&self, mut statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        let mut busy = Busy::new(self.acquire().await?);
        let began = Instant::now();
        let result = query(&mut statement).fetch_all(busy.connection()).await;
        measured(&statement.sql, began, &result);
        busy.settle(&result);
        Ok(result.map_err(failed)?.into_iter().map(QueryResult::from).collect())
    }
}
