//! Places in the change log, in the manner of each database; `crate::change_log` says why.

use sea_orm::{ConnectionTrait, DbBackend, Statement};

use super::connections::{Reader, Transaction};
use crate::Error;
use crate::change_log::Position;

/// The id of the transaction, the upper bound of those that have ended, and the last place.
const PLACE: &str = "SELECT pg_current_xact_id()::text::bigint AS id, \
     pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS next, \
     (SELECT max(position) FROM change_log) AS last";

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

/// The epoch and the transaction of the place where `transaction` appends now.
pub(crate) async fn log_place(transaction: &Transaction) -> Result<(u16, i64), Error> {
    let backend = transaction.get_database_backend();
    let sql = match backend {
        DbBackend::Postgres => PLACE,
        _ => SQLITE_PLACE,
    };
    let row = transaction.query_one_raw(Statement::from_string(backend, sql)).await?;
    let row = row.ok_or_else(no_row)?;
    let last: Option<Position> = row.try_get("", "last")?;
    if backend != DbBackend::Postgres {
        return Ok((1, last.map_or(0, Position::transaction) + 1));
    }
    let (id, next): (i64, i64) = (row.try_get("", "id")?, row.try_get("", "next")?);
    // Its own rows count as seen, though its id may lie beyond the bound.
    Ok((epoch(last, next.max(id + 1)), id))
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
