//! How one service hands work to the next: a producer appends in the transaction of its rows, a
//! consumer commits its results together with its cursor, so each change takes effect once.
//!
//! A consumer asks for what comes after its cursor, so it must never move past a place where
//! something may still appear. Numbers from a sequence do not give that: a transaction that drew
//! a lower one may commit after one that drew a higher. A counter row that is locked until the
//! commit does, but then writers queue at each other's fsync.
//!
//! On SQLite there is one writer. On PostgreSQL the place is the transaction's id, writers do not
//! wait for each other, and [`read`] stops below the oldest of our writers that is still open:
//!
//! 1. [`crate::Database::begin`] locks the log ROW EXCLUSIVE, which writers do not deny one
//!    another, before anything is written, and so before the transaction has an id. The lock is
//!    kept to the end.
//! 2. The reader takes a snapshot, and then looks who has which lock. An id from the snapshot's
//!    upper bound on was not given when it was taken, or not ended; it is left for later. Of the
//!    ids below that were open in the snapshot, one is passed over only when the lock table shows
//!    that its transaction is still open and has no lock of the log: it belongs to somebody else,
//!    in any database of the server. Ours, that had the lock before its id, shows both locks while
//!    it is open. One that ended in between shows none, and one between its id and the lock of the
//!    id shows not the latter: both hold the reader up, until it looks again.
//! 3. The rows below the least id that is left are read with a later snapshot. Every writer of ours
//!    with a lower id had ended before it, so the snapshot has all that they appended.
//!
//! This is not the order of commits. A change says who changed, not how: consumers read anew, and
//! of two results for one customer the one with the greater position stands.
//!
//! A dump restored into a fresh server meets transaction ids below those in the log. Appenders see
//! that, and go on in the next epoch. They need no lock for it: the greatest place in the log and
//! the server's count of ids tell each of them the same. (One that stays open while the server
//! gives out as many ids as the log is ahead by would not see it; limits of time end it before.)

mod considered;
pub mod consumers;
mod cursor;
mod position;
mod trim;

use chrono::{DateTime, NaiveDate, Utc};
use kehu_core::CustomerId;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::entity::change;
use crate::{Database, Error, Transaction, dialect, time, trace};

pub(crate) use considered::Lately;
pub use considered::{Considered, Reading, considered, considered_through};
pub use cursor::{Backlog, advance, backlog, cursor, give_back_cursor, lease_cursor};
pub use position::Position;
pub use trim::trim;

/// Whose rows changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Topic {
    /// Customers and their orders; appended by ingestion.
    Facts,
    /// Scores; appended by scoring.
    Scores,
    /// Classes; appended by coding.
    Classes,
    /// Codes, and actions that are ticked off; appended by coding for those who watch, see
    /// [`crate::coding::watch`].
    Codes,
}

impl Topic {
    fn number(self) -> i32 {
        match self {
            Topic::Facts => 1,
            Topic::Scores => 2,
            Topic::Classes => 3,
            Topic::Codes => 4,
        }
    }

    fn of(number: i32) -> Result<Self, Error> {
        match number {
            1 => Ok(Topic::Facts),
            2 => Ok(Topic::Scores),
            3 => Ok(Topic::Classes),
            4 => Ok(Topic::Codes),
            _ => Err(Error::Corrupt(format!("{number} is no topic of the change log"))),
        }
    }
}

/// A change to append: one for a batch, not for a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewChange {
    /// Whose rows changed.
    pub topic: Topic,
    /// The customers concerned, each once.
    pub customers: Vec<CustomerId>,
    /// The earliest business day concerned.
    pub first_day: NaiveDate,
    /// The latest business day concerned.
    pub last_day: NaiveDate,
    /// The date that scores and classes are of; `None` for facts.
    pub as_of: Option<NaiveDate>,
    /// When it was recorded.
    pub recorded_at: DateTime<Utc>,
    /// The first of the changes that a follower made it of, as far back as to the facts; `None` for
    /// facts, and for what a run found.
    pub cause: Option<Position>,
}

/// A change that was committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Its place, over all topics.
    pub position: Position,
    /// Whose rows changed.
    pub topic: Topic,
    /// The customers concerned.
    pub customers: Vec<CustomerId>,
    /// The earliest business day concerned.
    pub first_day: NaiveDate,
    /// The latest business day concerned.
    pub last_day: NaiveDate,
    /// The date that scores and classes are of; `None` for facts.
    pub as_of: Option<NaiveDate>,
    /// When it was recorded.
    pub recorded_at: DateTime<Utc>,
    /// The trace and span that it was appended in, as a W3C `traceparent`; `None` outside one.
    pub traceparent: Option<String>,
    /// The first change that it was made of, as far back as to the facts; itself, where it was made
    /// of none.
    pub cause: Position,
}

/// Appends a change and returns its position.
pub async fn append(transaction: &Transaction, change: &NewChange) -> Result<Position, Error> {
    let values = [
        change.topic.number().into(),
        encode_customers(&change.customers).into(),
        time::days(change.first_day).into(),
        time::days(change.last_day).into(),
        change.as_of.map(time::days).into(),
        time::micros(change.recorded_at).into(),
        trace::traceparent().into(),
        change.cause.into(),
    ];
    dialect::log_append(transaction.inner(), transaction.next_append(), values).await
}

/// The greatest position in the log, [`Position::START`] before the first.
pub async fn end(db: &Database) -> Result<Position, Error> {
    let last: Option<Position> = change::Entity::find()
        .select_only()
        .column(change::Column::Position)
        .order_by_desc(change::Column::Position)
        .into_tuple()
        .one(db.reader())
        .await?;
    Ok(last.unwrap_or(Position::START))
}

/// A position below which everything is seen by whoever reads facts after this. Of two that
/// read, the one with the greater of these has seen more.
pub async fn seen(db: &Database) -> Result<Position, Error> {
    match dialect::log_horizon(db.reader()).await? {
        Some(horizon) => Ok(horizon),
        None => end(db).await,
    }
}

/// The least position in the log; `None` before the first change of all.
pub async fn first(db: &Database) -> Result<Option<Position>, Error> {
    Ok(change::Entity::find()
        .select_only()
        .column(change::Column::Position)
        .order_by_asc(change::Column::Position)
        .into_tuple()
        .one(db.reader())
        .await?)
}

/// A position up to which everything is seen by whoever reads after this, and nothing comes any more.
pub async fn settled(db: &Database) -> Result<Position, Error> {
    match dialect::log_horizon(db.reader()).await? {
        Some(horizon) => Ok(horizon.before()),
        None => end(db).await,
    }
}

/// The first `limit` changes of `topic` after the position `after`, in order. What was committed
/// beside a writer that is still open may be left out until that has ended, see [`waits`].
pub async fn read(
    db: &Database,
    topic: Topic,
    after: Position,
    limit: u64,
) -> Result<Vec<Change>, Error> {
    let horizon = dialect::log_horizon(db.reader()).await?;
    let mut query = change::Entity::find()
        .filter(change::Column::Topic.eq(topic.number()))
        .filter(change::Column::Position.gt(after));
    if let Some(horizon) = horizon {
        query = query.filter(change::Column::Position.lt(horizon));
    }
    let rows = query.order_by_asc(change::Column::Position).limit(limit).all(db.reader()).await?;
    rows.into_iter().map(decode).collect()
}

/// Whether a change of `topic` after the position `after` is committed. When [`read`] gives none
/// all the same, it will soon: look again.
pub async fn waits(db: &Database, topic: Topic, after: Position) -> Result<bool, Error> {
    let row = change::Entity::find()
        .filter(change::Column::Topic.eq(topic.number()))
        .filter(change::Column::Position.gt(after))
        .one(db.reader())
        .await?;
    Ok(row.is_some())
}

/// Whether nothing of `topics` was committed since the position of [`seen`], as far as the log still
/// tells: once it was trimmed beyond the position, that is a no.
pub async fn is_unchanged(db: &Database, topics: &[Topic], since: Position) -> Result<bool, Error> {
    // Where [`seen`] is a horizon, the change in its very place had not been made.
    let horizon = dialect::log_horizon(db.reader()).await?;
    let since = if horizon.is_some() { since.before() } else { since };
    for topic in topics {
        if waits(db, *topic, since).await? {
            return Ok(false);
        }
    }
    // The log is trimmed from its beginning, so what is held from before says that nothing is missing.
    let before = change::Entity::find()
        .filter(change::Column::Position.lte(since))
        .order_by_desc(change::Column::Position)
        .one(db.reader())
        .await?;
    Ok(before.is_some() || end(db).await? == Position::START)
}

fn decode(row: change::Model) -> Result<Change, Error> {
    Ok(Change {
        position: row.position,
        topic: Topic::of(row.topic)?,
        customers: decode_customers(&row.customers)?,
        first_day: time::date(row.first_day)?,
        last_day: time::date(row.last_day)?,
        as_of: row.as_of.map(time::date).transpose()?,
        recorded_at: time::instant(row.recorded_at)?,
        traceparent: row.traceparent,
        cause: row.cause.unwrap_or(row.position),
    })
}

fn encode_customers(customers: &[CustomerId]) -> String {
    let numbers: Vec<String> = customers.iter().map(|customer| customer.0.to_string()).collect();
    numbers.join(",")
}

fn decode_customers(text: &str) -> Result<Vec<CustomerId>, Error> {
    let mut customers = Vec::new();
    for number in text.split_terminator(',') {
        let number = number.parse().map_err(|_| {
            Error::Corrupt(format!("{number:?} in the change log is no customer id"))
        })?;
        customers.push(CustomerId(number));
    }
    Ok(customers)
}
