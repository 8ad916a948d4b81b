//! The pieces of a run.

use chrono::{DateTime, Utc};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder,
};

use super::Cut;
use crate::entity::run_partition::{self as entity, Model};
use crate::facts::Tile;
use crate::{Database, Error, Transaction, time};

/// The number of the preparation of a run.
pub(super) const PREPARATION: i32 = 0;

/// Pieces inserted by one statement.
const ROWS_AT_ONCE: usize = 500;

/// A piece of a run, as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partition {
    /// Its number, from 1; 0 is the preparation of the run.
    pub number: i32,
    /// The first and the last id of its customers, both included; both 0 in the preparation. In a
    /// run that is cut [in order](Cut::InOrder) ids between them are of other pieces, too.
    pub customers: (i64, i64),
    /// How many of them there were when the run was cut.
    pub expected: i64,
    /// Who is at it, or finished it.
    pub owner: Option<String>,
    /// How often it was taken.
    pub attempt: i32,
    /// Whether it is done.
    pub finished: bool,
}

/// The pieces of a run, by number.
pub async fn partitions(db: &Database, run_id: i64) -> Result<Vec<Partition>, Error> {
    let rows = entity::Entity::find()
        .filter(entity::Column::RunId.eq(run_id))
        .order_by_asc(entity::Column::Partition)
        .all(db.reader())
        .await?;
    let pieces = rows.into_iter().map(|row| Partition {
        number: row.partition,
        customers: (row.first_customer, row.last_customer),
        expected: row.expected,
        owner: row.owner,
        attempt: row.attempt,
        finished: row.finished,
    });
    Ok(pieces.collect())
}

/// Whether nobody is at an unfinished piece, nor is it held back.
pub(super) fn is_free(row: &Model, now: DateTime<Utc>) -> bool {
    row.lease_until.is_none_or(|until| until <= time::micros(now))
}

/// Whether somebody is at an unfinished piece.
pub(super) fn is_held(row: &Model, now: DateTime<Utc>) -> bool {
    row.owner.is_some() && !is_free(row, now)
}

/// The piece to take next, of the unfinished ones of a run by number.
pub(super) fn next_free(open: &[Model], cut: Cut, now: DateTime<Utc>) -> Option<&Model> {
    let first = if cut == Cut::InOrder { open.get(..1)? } else { open };
    first.iter().find(|row| is_free(row, now))
}

/// The unfinished pieces of some runs, by run and number.
pub(super) async fn unfinished(
    connection: &impl ConnectionTrait,
    run_ids: &[i64],
) -> Result<Vec<Model>, Error> {
    let rows = entity::Entity::find()
        .filter(entity::Column::RunId.is_in(run_ids.iter().copied()))
        .filter(entity::Column::Finished.eq(false))
        .order_by_asc(entity::Column::RunId)
        .order_by_asc(entity::Column::Partition)
        .all(connection)
        .await?;
    Ok(rows)
}

pub(super) async fn insert_preparation(
    transaction: &Transaction,
    run_id: i64,
) -> Result<(), Error> {
    let nobody = Tile { first: 0, last: 0, customers: 0 };
    let row = row(run_id, PREPARATION, &nobody);
    entity::Entity::insert(row).exec_without_returning(transaction).await?;
    Ok(())
}

/// Inserts a piece a tile, numbered from 1.
pub(super) async fn insert_ranges(
    transaction: &Transaction,
    run_id: i64,
    tiles: &[Tile],
) -> Result<(), Error> {
    let rows: Vec<_> = (1..).zip(tiles).map(|(number, tile)| row(run_id, number, tile)).collect();
    for rows in rows.chunks(ROWS_AT_ONCE) {
        entity::Entity::insert_many(rows.to_vec()).exec_without_returning(transaction).await?;
    }
    Ok(())
}

fn row(run_id: i64, number: i32, tile: &Tile) -> entity::ActiveModel {
    entity::ActiveModel {
        run_id: Set(run_id),
        partition: Set(number),
        first_customer: Set(tile.first),
        last_customer: Set(tile.last),
        expected: Set(tile.customers),
        owner: Set(None),
        lease_until: Set(None),
        attempt: Set(0),
        tries: Set(0),
        progress: Set(0),
        finished: Set(false),
    }
}
