//! What PostgreSQL's transactions can do beside what all can.

use std::ops::Range;
use std::time::Instant;

use sea_orm::DbErr;
use sea_orm::sqlx::postgres::PgConnection;
use sea_orm::sqlx::{self, AssertSqlSafe, Postgres};

use super::super::transaction;
use super::columns;
use super::measured;
use crate::bulk::Column;

/// How much of a COPY goes to the server at once: little, so that the server reads rows while the
/// next ones are made.
const COPY_CHUNK: usize = 1 << 16;

/// A transaction on PostgreSQL.
pub(crate) type Transaction = transaction::Transaction<Postgres>;

impl Transaction {
    /// Commits without waiting for the disk.
    pub(crate) async fn commit_unflushed(self) -> Result<(), DbErr> {
        self.commit_by("SET LOCAL synchronous_commit TO off; COMMIT").await
    }

    /// Sends rows to `sql`, a COPY FROM STDIN in binary format; returns how many were written.
    pub(crate) async fn copy_in(
        &self,
        sql: &str,
        columns: &[&(&str, Column)],
        rows: usize,
    ) -> Result<u64, DbErr> {
        let mut statements = self.statements().await?;
        let began = Instant::now();
        let result = copy(statements.connection(), sql, columns, rows).await;
        measured(sql, began, &result);
        self.settle(statements, result)
    }

    /// Executes `sql` with some rows of each column as an array; returns how many rows it wrote.
    pub(crate) async fn execute_arrays(
        &self,
        sql: &str,
        columns: &[(&str, Column)],
        rows: Range<usize>,
    ) -> Result<u64, DbErr> {
        let mut statements = self.statements().await?;
        let began = Instant::now();
        let mut query = sqlx::query(AssertSqlSafe(sql.to_owned()));
        for (_, column) in columns {
            query = columns::bind(query, column, rows.clone());
        }
        let result = query.execute(statements.connection()).await;
        measured(sql, began, &result);
        Ok(self.settle(statements, result)?.rows_affected())
    }
}

async fn copy(
    connection: &mut PgConnection,
    sql: &str,
    columns: &[&(&str, Column)],
    rows: usize,
) -> Result<u64, sqlx::Error> {
    let mut copy = connection.copy_in_raw(sql).await?;
    let mut data = columns::HEADER.to_vec();
    for row in 0..rows {
        columns::push_row(&mut data, columns, row);
        if data.len() >= COPY_CHUNK {
            copy.send(data.as_slice()).await?;
            data.clear();
        }
    }
    data.extend_from_slice(&columns::TRAILER);
    copy.send(data.as_slice()).await?;
    copy.finish().await
}
