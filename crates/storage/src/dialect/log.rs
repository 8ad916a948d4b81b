//! Places in the change log, in the manner of each database; `crate::change_log` says why.

use sea_orm::{ConnectionTrait, DbBackend, Statement, Value};

use super::connections::{Reader, Transaction};
use crate::Error;
use crate::change_log::Position;

/// The text of the place of the transaction, but for the number within it, from its id, the upper
/// bound of those that have ended (its own rows count as seen, though its id may lie beyond it), and
/// the last place: [`epoch`] in SQL, so that a change is appended in one round trip.
const PLACE: &str = "SELECT lpad(to_hex(CASE WHEN last IS NULL THEN 1 \
         WHEN ('x' || split_part(last, '.', 2))::bit(48)::bigint >= greatest(next, id + 1) \
         THEN ('x' || split_part(last, '.', 1))::bit(16)::integer + 1 \
         ELSE ('x' || split_part(last, '.', 1))::bit(16)::integer END), 4, '0') || '.' || \
         lpad(to_hex(id), 12, '0') || '.' AS place \
     FROM (SELECT pg_current_xact_id()::text::bigint AS id, \
         pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS next, \
         (SELECT max(position) FROM change_log) AS last) AS now";

/// The columns of a change after its position, and how many there are.
const COLUMNS: &str = "topic, customers, first_day, last_day, as_of, recorded_at, traceparent, \
     cause";
const VALUES: usize = 8;

/// The upper bound, the last place, and the least id that may still append.
const HORIZON: &str = "WITH locks AS MATERIALIZED (SELECT * FROM pg_locks \
         WHERE granted AND locktype IN ('transactionid', 'relation')), \
     logging AS (SELECT virtualtransaction FROM locks WHERE relation = 'change_log'::regclass \
         AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) \
         AND mode = 'RowExclusiveLock'), \
     others AS (SELECT transactionid FROM locks WHERE locktype = 'transactionid' \
         AND mode = 'ExclusiveLock' \
         AND virtualtransaction NOT IN (SELECT virtualtransaction FROM logging)) \
     SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS next, \
         (SELECT max(position) FROM change_log) AS last, \
         (SELECT min(id::text::bigint) FROM pg_snapshot_xip(pg_current_snapshot()) AS id \
             WHERE id::xid NOT IN (SELECT transactionid FROM others)) AS open";

const SQLITE_PLACE: &str = "SELECT max(position) AS last FROM change_log";

/// Appends a change, the `number`th of the transaction, with the values of [`COLUMNS`]; returns its
/// place.
pub(crate) async fn log_append(
    transaction: &Transaction,
    number: u32,
    values: [Value; VALUES],
) -> Result<Position, Error> {
    // Of a number that is too great nothing is written.
    let within = Position::new(1, 0, number)?.to_string();
    let backend = transaction.get_database_backend();
    let (place, first) = match backend {
        DbBackend::Postgres => {
            let number = within.rsplit('.').next().unwrap_or_default().to_owned();
            (format!("(SELECT place || $1 FROM ({PLACE}) AS here)"), number)
        }
        _ => ("$1".to_owned(), next_on_sqlite(transaction, number).await?.to_string()),
    };
    let sql = format!(
        "INSERT INTO change_log (position, {COLUMNS}) \
         VALUES ({place}, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING position"
    );
    let values = std::iter::once(Value::from(first)).chain(values);
    let statement = Statement::from_sql_and_values(backend, sql, values);
    let row = transaction.query_one_raw(statement).await?.ok_or_else(no_row)?;
    Ok(row.try_get("", "position")?)
}

async fn next_on_sqlite(transaction: &Transaction, number: u32) -> Result<Position, Error> {
    let statement = Statement::from_string(DbBackend::Sqlite, SQLITE_PLACE);
    let row = transaction.query_one_raw(statement).await?.ok_or_else(no_row)?;
    let last: Option<Position> = row.try_get("", "last")?;
    Position::new(1, last.map_or(0, Position::transaction) + 1, number)
}

/// Below which place nothing more will be appended; `None` where all that is seen is in order.
pub(crate) async fn log_horizon(reader: &Reader) -> Result<Option<Position>, Error> {
    let backend = reader.get_database_backend();
    if backend != DbBackend::Postgres {
        return Ok(None);
    }
    let row = reader.query_one_raw(Statement::from_string(backend, HORIZON)).await?;
    let row = row.ok_or_else(no_row)?;
    let (next, open): (i64, Option<i64>) = (row.try_get("", "next")?, row.try_get("", "open")?);
    let epoch = epoch(row.try_get("", "last")?, next);
    Position::new(epoch, open.map_or(next, |open| open.min(next)), 0).map(Some)
}

/// The epoch in which the server gives ids: a new one when the last place that is seen has an id
/// that the server has not given yet.
fn epoch(last: Option<Position>, next: i64) -> u16 {
    match last {
        None => 1,
        Some(last) if last.transaction() >= next => last.epoch() + 1,
        Some(last) => last.epoch(),
    }
}

fn no_row() -> Error {
    Error::Corrupt("the place in the change log cannot be told".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_epoch_ends_when_the_server_counts_from_below_the_log() {
        let last = |epoch, id| Some(Position::new(epoch, id, 3).unwrap());
        for (last, next, expected) in [
            (None, 1, 1),
            (last(1, 99), 100, 1),
            (last(1, 100), 100, 2),
            (last(1, 5_000), 100, 2),
            (last(2, 99), 100, 2),
            (last(2, 5_000), 100, 3),
        ] {
            assert_eq!(epoch(last, next), expected, "{last:?} {next}");
        }
    }
}
