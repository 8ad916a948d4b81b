//! What a transaction asks of the driver of either database.

use sea_orm::sqlx::query::Query;
use sea_orm::sqlx::{
    self, AssertSqlSafe, Database, Executor as _, IntoArguments, Postgres, Sqlite,
};
use sea_orm::{DbBackend, DbErr, ExecResult, QueryResult, RuntimeErr, Statement};
use sea_query_sqlx::SqlxValues;
use std::sync::Arc;

/// A database whose connections can be asked for what [`sea_orm::ConnectionTrait`] is asked for.
#[async_trait::async_trait]
pub(crate) trait Driver: Database {
    /// Its name in sea-orm.
    const BACKEND: DbBackend;
    /// Its name in telemetry, by OpenTelemetry's conventions.
    const SYSTEM: &'static str;

    /// Executes SQL without parameters, several statements perhaps.
    async fn run(connection: &mut Self::Connection, sql: &str) -> Result<ExecResult, sqlx::Error>;

    /// Executes a statement with its values.
    async fn execute(
        connection: &mut Self::Connection,
        statement: &mut Statement,
    ) -> Result<ExecResult, sqlx::Error>;

    /// The first row, if any.
    async fn fetch_one(
        connection: &mut Self::Connection,
        statement: &mut Statement,
    ) -> Result<Option<QueryResult>, sqlx::Error>;

    /// Every row.
    async fn fetch_all(
        connection: &mut Self::Connection,
        statement: &mut Statement,
    ) -> Result<Vec<QueryResult>, sqlx::Error>;
}

/// A statement with its values bound.
pub(super) fn query<DB: Database>(statement: &mut Statement) -> Query<'_, DB, SqlxValues>
where
    SqlxValues: IntoArguments<DB>,
{
    let values = statement.values.take().unwrap_or_else(|| sea_orm::Values(Vec::new()));
    sqlx::query_with(AssertSqlSafe(statement.sql.as_str()), SqlxValues(values))
}

/// A statement that failed, named as sea-orm names it.
pub(super) fn failed(error: sqlx::Error) -> DbErr {
    DbErr::Query(RuntimeErr::SqlxError(Arc::new(error)))
}

#[async_trait::async_trait]
impl Driver for Postgres {
    const BACKEND: DbBackend = DbBackend::Postgres;
    const SYSTEM: &'static str = "postgresql";

    async fn run(connection: &mut Self::Connection, sql: &str) -> Result<ExecResult, sqlx::Error> {
        Ok(connection.execute(AssertSqlSafe(sql.to_owned())).await?.into())
    }

    async fn execute(
        connection: &mut Self::Connection,
        statement: &mut Statement,
    ) -> Result<ExecResult, sqlx::Error> {
        Ok(query::<Self>(statement).execute(connection).await?.into())
    }

    async fn fetch_one(
        connection: &mut Self::Connection,
        statement: &mut Statement,
    ) -> Result<Option<QueryResult>, sqlx::Error> {
        Ok(query::<Self>(statement).fetch_optional(connection).await?.map(QueryResult::from))
    }

    async fn fetch_all(
        connection: &mut Self::Connection,
        statement: &mut Statement,
    ) -> Result<Vec<QueryResult>, sqlx::Error> {
        let rows = query::<Self>(statement).fetch_all(connection).await?;
        Ok(rows.into_iter().map(QueryResult::from).collect())
    }
}

#[async_trait::async_trait]
impl Driver for Sqlite {
    const BACKEND: DbBackend = DbBackend::Sqlite;
    const SYSTEM: &'static str = "sqlite";

    async fn run(connection: &mut Self::Connection, sql: &str) -> Result<ExecResult, sqlx::Error> {
        Ok(connection.execute(AssertSqlSafe(sql.to_owned())).await?.into())
    }

    async fn execute(
        connection: &mut Self::Connection,
        statement: &mut Statement,
    ) -> Result<ExecResult, sqlx::Error> {
        Ok(query::<Self>(statement).execute(connection).await?.into())
    }

    async fn fetch_one(
        connection: &mut Self::Connection,
        statement: &mut Statement,
    ) -> Result<Option<QueryResult>, sqlx::Error> {
        Ok(query::<Self>(statement).fetch_optional(connection).await?.map(QueryResult::from))
    }

    async fn fetch_all(
        connection: &mut Self::Connection,
        statement: &mut Statement,
    ) -> Result<Vec<QueryResult>, sqlx::Error> {
        let rows = query::<Self>(statement).fetch_all(connection).await?;
        Ok(rows.into_iter().map(QueryResult::from).collect())
    }
}
