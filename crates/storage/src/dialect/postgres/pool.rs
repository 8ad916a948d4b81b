//! Connections to PostgreSQL, each borrowed for one statement or one transaction.

use std::time::Instant;

use futures::TryStreamExt;
use sea_orm::sqlx::postgres::PgConnection;
use sea_orm::sqlx::{self, AssertSqlSafe, Connection as _, Executor as _, PgPool, Postgres};
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DbBackend, DbErr, ExecResult, QueryResult, Statement,
};

use super::super::busy::Busy;
use super::super::driver::{failed, query};
use super::super::pool;
use super::measured;
use super::rows::Rows;
use super::transaction::Transaction;
use crate::Error;
use crate::bulk::{Column, ColumnType};
use crate::faults::Faults;
use crate::writes::Writes;

/// A pool of connections, which executes each statement by itself.
#[derive(Debug, Clone)]
pub(crate) struct Pool(pool::Pool<Postgres>);

impl Pool {
    pub(crate) fn new(name: &'static str, pool: PgPool) -> Self {
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

    pub(crate) async fn begin(
        &self,
        statement: &'static str,
        writes: Writes,
        faults: Faults,
    ) -> Result<Transaction, DbErr> {
        Transaction::begin(self.0.acquire().await?, statement, writes, faults).await
    }

    /// A connection for whoever keeps it.
    pub(in crate::dialect) async fn busy(&self) -> Result<Busy<Postgres>, DbErr> {
        Ok(Busy::new(self.0.acquire().await?))
    }

    pub(crate) async fn ping(&self) -> Result<(), DbErr> {
        let mut busy = Busy::new(self.0.acquire().await?);
        let result = busy.connection().ping().await;
        busy.give_back(&result);
        result.map_err(failed)
    }

    pub(crate) async fn close(&self) {
        self.0.close().await;
    }

    /// The rows of a query without parameters, by COPY: a row is not made a value of its own.
    pub(crate) async fn copy_out(
        &self,
        query: &str,
        columns: &[(&str, ColumnType)],
    ) -> Result<Vec<Column>, Error> {
        let sql = format!("COPY ({query}) TO STDOUT (FORMAT binary)");
        let mut rows = Rows::new(columns);
        let mut busy = Busy::new(self.0.acquire().await?);
        let began = Instant::now();
        let result = copy(busy.connection(), &sql, &mut rows).await;
        measured(&sql, began, &result);
        busy.give_back(&result);
        result.map_err(failed)??;
        Ok(rows.finish())
    }
}

/// Reads all that the server sends, whatever it is: it is not to be sent into the void.
async fn copy(
    connection: &mut PgConnection,
    sql: &str,
    rows: &mut Rows,
) -> Result<Result<(), Error>, sqlx::Error> {
    let mut stream = connection.copy_out_raw(sql).await?;
    let mut read = Ok(());
    while let Some(bytes) = stream.try_next().await? {
        if read.is_ok() {
            read = rows.push(&bytes);
        }
    }
    Ok(read)
}

#[async_trait::async_trait]
impl ConnectionTrait for Pool {
    fn get_database_backend(&self) -> DbBackend {
        DbBackend::Postgres
    }

    async fn execute_raw(&self, mut statement: Statement) -> Result<ExecResult, DbErr> {
        let mut busy = Busy::new(self.0.acquire().await?);
        let began = Instant::now();
        let result = query(&mut statement).execute(busy.connection()).await;
        measured(&statement.sql, began, &result);
        busy.give_back(&result);
        Ok(result.map_err(failed)?.into())
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        let mut busy = Busy::new(self.0.acquire().await?);
        let result = busy.connection().execute(AssertSqlSafe(sql.to_owned())).await;
        busy.give_back(&result);
        Ok(result.map_err(failed)?.into())
    }

    async fn query_one_raw(&self, mut statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        let mut busy = Busy::new(self.0.acquire().await?);
        let began = Instant::now();
        let result = query(&mut statement).fetch_optional(busy.connection()).await;
        measured(&statement.sql, began, &result);
        busy.give_back(&result);
        Ok(result.map_err(failed)?.map(QueryResult::from))
    }

    async fn query_all_raw(&self, mut statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        let mut busy = Busy::new(self.0.acquire().await?);
        let began = Instant::now();
        let result = query(&mut statement).fetch_all(busy.connection()).await;
        measured(&statement.sql, began, &result);
        busy.give_back(&result);
        Ok(result.map_err(failed)?.into_iter().map(QueryResult::from).collect())
    }
}
