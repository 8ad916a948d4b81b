//! What the pieces of a simulation came to, a row each; they are forgotten with the run.

use sea_orm::{ConnectionTrait, FromQueryResult, Statement, Value};

use crate::change_log::Position;
use crate::document::{self, Document};
use crate::{Database, Error, Transaction};

#[derive(FromQueryResult)]
struct Row {
    position: Position,
    tally: String,
}

/// Keeps what a piece of a run came to, with up to where the change log was seen before anything was
/// read. In the transaction that finishes the piece.
pub async fn keep_part<D: Document>(
    transaction: &Transaction,
    (run_id, partition): (i64, i32),
    position: Position,
    tally: &D,
) -> Result<(), Error> {
    let sql = r#"INSERT INTO simulation_part (run_id, "partition", position, tally)
        VALUES ($1, $2, $3, $4)"#;
    let values: [Value; 4] =
        [run_id.into(), partition.into(), position.into(), document::write(tally).into()];
    let backend = transaction.get_database_backend();
    transaction.execute_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
    Ok(())
}

/// What the pieces of a run came to, in order, each with up to where the change log was seen.
pub async fn parts<D: Document>(db: &Database, run_id: i64) -> Result<Vec<(Position, D)>, Error> {
    let sql =
        r#"SELECT position, tally FROM simulation_part WHERE run_id = $1 ORDER BY "partition""#;
    let backend = db.reader().get_database_backend();
    let statement = Statement::from_sql_and_values(backend, sql, [Value::from(run_id)]);
    let rows = Row::find_by_statement(statement).all(db.reader()).await?;
    rows.into_iter().map(|row| Ok((row.position, document::read(&row.tally)?))).collect()
}
