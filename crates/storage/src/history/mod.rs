//! What has a history on two axes of time: true on business days, known at times.
//!
//! A **line** is what one version of a definition (a taxonomy, a scorecard) says of everybody,
//! day after day. The rows of a line are spans that a version's owner keeps; here is what the
//! owners share: which line is [in force](Timeline), which days were [looked at](pass) though
//! nothing moved, and the time at which something becomes [known](Writer).
//!
//! A known time comes from the database's clock, never runs backwards for one customer, and
//! what was known at a time never changes afterwards: [`settle`] waits for writers whose time
//! may lie before it.

mod customers;
mod lines;
mod record;
mod retract;
mod runs;
mod sight;
mod span;
mod watermark;

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, QueryResult, Statement};

use crate::{Database, Error, Transaction, dialect, time};

pub(crate) use customers::{ROWS_AT_ONCE, chosen};
pub use lines::{Segment, Timeline, names, open, timeline, timelines, turn};
pub use record::Scope;
pub(crate) use record::{Evaluation, Held, Inserted, Place, Recorded, Spans, record};
pub use retract::Retraction;
pub(crate) use retract::{TakenBack, begin_retraction, is_retracted, retract};
pub use runs::{Changed, Line, due, through};
pub(crate) use runs::{complete, is_seen, lines, pin, under_way};
pub use sight::View;
pub(crate) use sight::{Sight, known, sight};
pub(crate) use span::{Origin, Span};
pub use watermark::{EVERYBODY, Looked, LookedDays, evaluated_through, look, looked, pass};
pub(crate) use watermark::{LastLooks, evaluated, last_look, positions};

/// Customers that share a guard: ids that differ in the lowest bits only.
const BUCKET_BITS: u32 = 15;
/// The guard of which line is in force; no customer's bucket is negative.
const LINES_BUCKET: i64 = -1;
/// How often a time that is being written is looked at, and with which pauses.
const TRIES: u32 = 100;
const PAUSE: Duration = Duration::from_millis(20);

/// Whose history it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Subject {
    /// Classes under a taxonomy.
    Classes,
    /// Scores under a scorecard.
    Scores,
}

impl Subject {
    fn number(self) -> i32 {
        match self {
            Subject::Classes => 1,
            Subject::Scores => 2,
        }
    }
}

/// What a transaction is about to write.
#[derive(Debug, Clone, Copy)]
pub enum Guarded<'a> {
    /// Rows of these customers.
    Customers(&'a [i64]),
    /// Rows of the customers with ids from the first to the last.
    Range(i64, i64),
    /// Which line is in force.
    Lines,
    /// Rows of these customers on lines of which one is not in force: none comes in force
    /// meanwhile.
    CustomersAndLines(&'a [i64]),
}

/// The right of a transaction to make something known. Until the transaction ends no other one
/// writes of the same customers, so what is read of them after [`Writer::begin`] holds.
#[derive(Debug)]
pub struct Writer<'a> {
    transaction: &'a Transaction,
    known: i64,
    steps: u32,
}

impl<'a> Writer<'a> {
    /// Waits for the writers of the same customers. All that a transaction is to write must be
    /// named at once: two that took guards bit by bit could wait for each other. `steps` is how
    /// often [`Writer::step`] will be called.
    pub async fn begin(
        transaction: &'a Transaction,
        subject: Subject,
        guarded: Guarded<'_>,
        steps: u32,
    ) -> Result<Self, Error> {
        dialect::announce_writer(transaction).await?;
        let of = |ids: &[i64]| ids.iter().map(|id| id >> BUCKET_BITS).collect();
        let buckets: BTreeSet<i64> = match guarded {
            Guarded::Customers(ids) => of(ids),
            Guarded::Range(first, last) => {
                (first.max(0) >> BUCKET_BITS..=last >> BUCKET_BITS).collect()
            }
            Guarded::Lines => BTreeSet::from([LINES_BUCKET]),
            Guarded::CustomersAndLines(ids) => {
                let mut buckets: BTreeSet<i64> = of(ids);
                buckets.insert(LINES_BUCKET);
                buckets
            }
        };
        let known = guard(transaction, subject, &buckets, steps.max(1)).await?;
        Ok(Self { transaction, known, steps: steps.max(1) })
    }

    /// The time at which what is written next is known: later than every one before of the same
    /// customers, and than that of the last step.
    ///
    /// # Panics
    /// When there are more steps than were announced.
    pub fn step(&mut self) -> i64 {
        assert!(self.steps > 0, "a writer takes no more steps than it announced");
        self.steps -= 1;
        self.known += 1;
        self.known - 1
    }

    /// The transaction.
    pub fn transaction(&self) -> &'a Transaction {
        self.transaction
    }
}

/// Locks the guards, in the order of their numbers, and moves their times past those of `steps`
/// steps, the first of which is returned.
async fn guard(
    transaction: &Transaction,
    subject: Subject,
    buckets: &BTreeSet<i64>,
    steps: u32,
) -> Result<i64, Error> {
    let clock = dialect::clock(transaction).await?;
    if buckets.is_empty() {
        return Ok(clock);
    }
    let subject = subject.number();
    let rows: Vec<String> =
        buckets.iter().map(|bucket| format!("({subject}, {bucket}, {clock})")).collect();
    let sql = format!(
        "INSERT INTO history_guard (subject, bucket, known) VALUES {} \
         ON CONFLICT (subject, bucket) DO UPDATE SET known = CASE WHEN history_guard.known >= \
         excluded.known THEN history_guard.known + 1 ELSE excluded.known END RETURNING known",
        rows.join(", ")
    );
    let mut known = clock;
    for row in query(transaction, &sql).await? {
        known = known.max(row.try_get_by_index(0)?);
    }
    // Which line is in force bears on every customer, and the other way round.
    let sql = format!("SELECT max(known) FROM history_guard WHERE subject = {subject}");
    for row in query(transaction, &sql).await? {
        let latest: i64 = row.try_get_by_index(0)?;
        if latest > known {
            known = latest + 1;
        }
    }
    let last = known + i64::from(steps) - 1;
    let rest: Vec<String> = buckets.iter().map(i64::to_string).collect();
    let sql = format!(
        "UPDATE history_guard SET known = {last} WHERE subject = {subject} AND bucket IN ({})",
        rest.join(", ")
    );
    execute(transaction, &sql).await?;
    Ok(known)
}

/// Makes sure that what is known at this time will never change: waits a moment for writers that
/// have begun before it. [`Error::Conflict`] when one takes long, or the time has not come yet.
pub async fn settle(db: &Database, known_at: DateTime<Utc>) -> Result<(), Error> {
    let known_at = time::micros(known_at);
    for _ in 0..TRIES {
        if settled(db, known_at).await? {
            return Ok(());
        }
        tokio::time::sleep(PAUSE).await;
    }
    Err(Error::Conflict("what is known at that time is still being written".to_owned()))
}

async fn settled(db: &Database, known_at: i64) -> Result<bool, Error> {
    // The clock first: who begins to write after this look dates it later.
    if known_at >= dialect::clock(db.reader()).await? {
        return Ok(false);
    }
    if dialect::one_writer(db.reader()) {
        db.begin().await?.rollback().await?;
        return Ok(true);
    }
    let oldest = dialect::oldest_writer(db.reader()).await?;
    Ok(oldest.is_none_or(|oldest| known_at < oldest))
}

/// The rows of a statement whose text holds nothing but names and numbers.
pub(crate) async fn query(
    connection: &impl ConnectionTrait,
    sql: &str,
) -> Result<Vec<QueryResult>, Error> {
    let backend = connection.get_database_backend();
    Ok(connection.query_all_raw(Statement::from_string(backend, sql)).await?)
}

/// Executes a statement whose text holds nothing but names and numbers; how many rows it wrote.
pub(crate) async fn execute(connection: &impl ConnectionTrait, sql: &str) -> Result<u64, Error> {
    let backend = connection.get_database_backend();
    let done = connection.execute_raw(Statement::from_string(backend, sql)).await?;
    Ok(done.rows_affected())
}
