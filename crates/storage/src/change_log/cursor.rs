//! How far the consumers of the change log have come, and which replica is at work.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect,
};

use super::{Position, Topic};
use crate::entity::{change, change_cursor};
use crate::{Database, Error, Transaction, time};

/// The position of the last change that `consumer` has dealt with, [`Position::START`] before the
/// first.
pub async fn cursor(db: &Database, consumer: &str) -> Result<Position, Error> {
    let row = change_cursor::Entity::find_by_id(consumer.to_owned()).one(db.reader()).await?;
    Ok(row.map_or(Position::START, |row| row.position))
}

/// What a consumer has not dealt with yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backlog {
    /// How many changes.
    pub changes: u64,
    /// When the oldest of them was recorded.
    pub oldest: DateTime<Utc>,
}

/// The changes of `topic` that wait for `consumer`; `None` when there are none.
pub async fn backlog(
    db: &Database,
    consumer: &str,
    topic: Topic,
) -> Result<Option<Backlog>, Error> {
    let after = cursor(db, consumer).await?;
    let waiting = change::Entity::find()
        .select_only()
        .filter(change::Column::Topic.eq(topic.number()))
        .filter(change::Column::Position.gt(after));
    let oldest: Option<i64> = waiting
        .clone()
        .column(change::Column::RecordedAt)
        .order_by_asc(change::Column::Position)
        .into_tuple()
        .one(db.reader())
        .await?;
    let Some(oldest) = oldest else { return Ok(None) };
    let changes = waiting.column(change::Column::Position).count(db.reader()).await?;
    Ok(Some(Backlog { changes, oldest: time::instant(oldest)? }))
}

/// Moves the cursor of `consumer`, in the transaction of its results, whose commit wakes those who
/// wait for it ([`Database::followed`]). [`Error::Conflict`] when
/// it does not stand at `from`: another replica was quicker, so roll back and read it again.
pub async fn advance(
    transaction: &Transaction,
    consumer: &str,
    from: Position,
    to: Position,
) -> Result<(), Error> {
    if from == Position::START {
        set_up(transaction, consumer).await?;
    }
    let moved = change_cursor::Entity::update_many()
        .col_expr(change_cursor::Column::Position, Expr::value(to))
        .filter(change_cursor::Column::Consumer.eq(consumer))
        .filter(change_cursor::Column::Position.eq(from))
        .exec(transaction)
        .await?;
    if moved.rows_affected == 1 {
        transaction.mark_followed();
        return Ok(());
    }
    Err(Error::Conflict(format!(
        "the cursor of {consumer} does not stand at {from}, read it again"
    )))
}

/// The cursor of a consumer that is new.
async fn set_up(transaction: &Transaction, consumer: &str) -> Result<(), Error> {
    let row = change_cursor::ActiveModel {
        consumer: Set(consumer.to_owned()),
        position: Set(Position::START),
        ..Default::default()
    };
    change_cursor::Entity::insert(row)
        .on_conflict(OnConflict::column(change_cursor::Column::Consumer).do_nothing().to_owned())
        .exec_without_returning(transaction)
        .await?;
    Ok(())
}

/// Takes or keeps the lease of a cursor until `now + ttl`; `false` while another owner has it.
/// It spares the replicas of a consumer the work that one of them does: what takes effect is
/// decided by [`advance`] alone, so a lease that two believe to have does no harm.
pub async fn lease_cursor(
    db: &Database,
    consumer: &str,
    owner: &str,
    now: DateTime<Utc>,
    ttl: Duration,
) -> Result<bool, Error> {
    let transaction = db.begin_lease().await?;
    set_up(&transaction, consumer).await?;
    let free = Condition::any()
        .add(change_cursor::Column::LeaseUntil.is_null())
        .add(change_cursor::Column::LeaseUntil.lte(time::micros(now)))
        .add(change_cursor::Column::LeaseOwner.eq(owner));
    let taken = change_cursor::Entity::update_many()
        .col_expr(change_cursor::Column::LeaseOwner, Expr::value(owner))
        .col_expr(change_cursor::Column::LeaseUntil, Expr::value(time::micros(now + ttl)))
        .filter(change_cursor::Column::Consumer.eq(consumer))
        .filter(free)
        .exec(&transaction)
        .await?;
    transaction.commit().await?;
    Ok(taken.rows_affected == 1)
}

/// Ends the lease of a cursor, so that another replica can go on at once. Nothing happens when
/// another owner has it.
pub async fn give_back_cursor(db: &Database, consumer: &str, owner: &str) -> Result<(), Error> {
    let transaction = db.begin_lease().await?;
    change_cursor::Entity::update_many()
        .col_expr(change_cursor::Column::LeaseOwner, Expr::value(None::<String>))
        .col_expr(change_cursor::Column::LeaseUntil, Expr::value(None::<i64>))
        .filter(change_cursor::Column::Consumer.eq(consumer))
        .filter(change_cursor::Column::LeaseOwner.eq(owner))
        .exec(&transaction)
        .await?;
    transaction.commit().await
}
