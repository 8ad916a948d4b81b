//! How one service hands work to the next: a producer appends in the transaction of its rows, a
//! consumer commits its results together with its cursor, so each change takes effect once.
//!
//! A reader asks for positions after its cursor, so positions must become visible in order. A
//! PostgreSQL sequence does not give that: a transaction that drew a lower number may commit
//! after one that drew a higher, and a reader that moved past it never sees it. Here the
//! position comes from a counter row, updated in the transaction: its row lock makes the next
//! appender wait until this one has committed or rolled back (which gives the number back).
//! Therefore [`append`] is the last statement of a transaction: other appenders wait from there.

mod cursor;

use chrono::{DateTime, NaiveDate, Utc};
use kehu_core::CustomerId;
use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect,
};

use crate::entity::change;
use crate::{Database, Error, Transaction, dialect, time, trace};

pub use cursor::{Backlog, advance, backlog, cursor, give_back_cursor, lease_cursor};

/// Whose rows changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Topic {
    /// Customers and their orders; appended by ingestion.
    Facts,
    /// Scores; appended by scoring.
    Scores,
    /// Classes; appended by coding.
    Classes,
}

impl Topic {
    fn number(self) -> i32 {
        match self {
            Topic::Facts => 1,
            Topic::Scores => 2,
            Topic::Classes => 3,
        }
    }

    fn of(number: i32) -> Result<Self, Error> {
        match number {
            1 => Ok(Topic::Facts),
            2 => Ok(Topic::Scores),
            3 => Ok(Topic::Classes),
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
}

/// A change that was committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Its place: 1, 2, 3 … over all topics, in the order of commits, without gaps.
    pub position: i64,
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
}

/// Appends a change and returns its position. Make it the last statement before the commit:
/// every other appender waits from here on.
pub async fn append(transaction: &Transaction, change: &NewChange) -> Result<i64, Error> {
    let position = next_position(transaction).await?;
    let row = change::ActiveModel {
        position: Set(position),
        topic: Set(change.topic.number()),
        customers: Set(encode_customers(&change.customers)),
        first_day: Set(time::days(change.first_day)),
        last_day: Set(time::days(change.last_day)),
        as_of: Set(change.as_of.map(time::days)),
        recorded_at: Set(time::micros(change.recorded_at)),
        traceparent: Set(trace::traceparent()),
    };
    change::Entity::insert(row).exec_without_returning(transaction).await?;
    dialect::notify(transaction, dialect::CHANGE_CHANNEL).await?;
    transaction.mark_appended();
    Ok(position)
}

async fn next_position(transaction: &Transaction) -> Result<i64, Error> {
    let count = Query::update()
        .table("change_counter")
        .value("position", Expr::col("position").add(1))
        .and_where(Expr::col("counter_id").eq(1))
        .returning_col("position")
        .to_owned();
    let row = transaction.query_one(&count).await?;
    let row = row.ok_or_else(|| Error::Corrupt("the change counter is gone".to_owned()))?;
    Ok(row.try_get("", "position")?)
}

/// The position of the last change, 0 before the first.
pub async fn end(db: &Database) -> Result<i64, Error> {
    let counter = Query::select()
        .column("position")
        .from("change_counter")
        .and_where(Expr::col("counter_id").eq(1))
        .to_owned();
    let row = db.reader().query_one(&counter).await?;
    let row = row.ok_or_else(|| Error::Corrupt("the change counter is gone".to_owned()))?;
    Ok(row.try_get("", "position")?)
}

/// The first `limit` changes of `topic` after the position `after`, in order.
pub async fn read(
    db: &Database,
    topic: Topic,
    after: i64,
    limit: u64,
) -> Result<Vec<Change>, Error> {
    let rows = change::Entity::find()
        .filter(change::Column::Topic.eq(topic.number()))
        .filter(change::Column::Position.gt(after))
        .order_by_asc(change::Column::Position)
        .limit(limit)
        .all(db.reader())
        .await?;
    rows.into_iter().map(decode).collect()
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
