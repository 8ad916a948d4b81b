//! Writing a batch.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};
use kehu_core::CustomerId;

use super::streams::Advanced;
use super::versions::Writing;
use super::{Batch, FIRST_DAY, NO_DAY, Stream, kinds, references, rejects, streams};
use crate::change_log::{self, NewChange, Position, Topic};
use crate::{Committed, Database, Error, Transaction, dialect};

/// How often a batch is tried when other writers get in its way.
const ATTEMPTS: u32 = 4;

/// What became of good records.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// New, or changed something.
    pub accepted: i64,
    /// Held already.
    pub unchanged: i64,
    /// Of the accepted, those that took the place of a record of another customer or day.
    pub reused: i64,
}

/// So many records of a batch that took the place of others are told.
const REUSED: usize = 100;

/// A record that took the place of one with the same key, of another customer or day: the source
/// has corrected it, or used its key again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reused {
    /// The name of its kind.
    pub kind: &'static str,
    /// The source's key of it.
    pub external_id: String,
    /// The customer of the record that it replaced.
    pub customer: CustomerId,
    /// The day from which on that one counted.
    pub day: NaiveDate,
}

impl Counts {
    /// Counts one record that was new or changed something, or not.
    pub(super) fn count(&mut self, changed: bool) {
        if changed {
            self.accepted += 1;
        } else {
            self.unchanged += 1;
        }
    }

    /// Takes back that one was new: it turned out to be held.
    pub(super) fn repeat(&mut self) {
        self.accepted -= 1;
        self.unchanged += 1;
    }
}

/// What became of the good records of a batch, by the name of their kind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    counts: BTreeMap<&'static str, Counts>,
    /// Records that took the place of others, at most a hundred.
    pub reused: Vec<Reused>,
    /// Some records that are kept in versions were held already, changed or not.
    pub repeats: bool,
    /// Rejects of the caller that made room for those of this batch.
    pub dropped_rejects: u64,
}

impl Tally {
    /// Adds the counts of a kind.
    pub(super) fn add(&mut self, kind: &'static str, counts: Counts) {
        self.counts.insert(kind, counts);
    }

    /// Adds records that took the place of others.
    pub(super) fn add_reused(&mut self, reused: Vec<Reused>) {
        let room = REUSED.saturating_sub(self.reused.len());
        self.reused.extend(reused.into_iter().take(room));
    }

    /// Those of each kind.
    pub fn kinds(&self) -> impl Iterator<Item = (&'static str, Counts)> {
        self.counts.iter().map(|(kind, counts)| (*kind, *counts))
    }

    /// Of all kinds.
    pub fn total(&self) -> Counts {
        Counts {
            accepted: self.counts.values().map(|counts| counts.accepted).sum(),
            unchanged: self.counts.values().map(|counts| counts.unchanged).sum(),
            reused: self.counts.values().map(|counts| counts.reused).sum(),
        }
    }
}

/// What writing a batch came to.
#[derive(Debug)]
pub enum Written {
    /// It is committed, with the place in the change log if it changed something; what comes after it
    /// may be written. Acknowledged it is once it is durable.
    Done(Box<Tally>, Option<Position>, Committed),
    /// The stream was opened elsewhere since; nothing was written.
    TakenOver,
}

/// What a batch moved.
#[derive(Debug, Default)]
pub(super) struct Moved {
    pub(super) tally: Tally,
    pub(super) customers: BTreeSet<CustomerId>,
    pub(super) days: BTreeSet<NaiveDate>,
    /// Customers of whom the profile changed, and the first days on which that can be seen.
    pub(super) profiles: BTreeSet<CustomerId>,
    pub(super) profile_days: BTreeSet<NaiveDate>,
    /// Those of whom it changed for every day.
    pub(super) always: BTreeSet<CustomerId>,
}

impl Moved {
    /// Notes that the profile of a customer changed, from this day on.
    pub(super) fn profile(&mut self, customer: CustomerId, first_day: NaiveDate) {
        match first_day {
            NO_DAY => {
                self.customers.insert(customer);
            }
            FIRST_DAY => {
                self.always.insert(customer);
            }
            day => {
                self.profiles.insert(customer);
                self.profile_days.insert(day);
            }
        }
    }
}

/// Writes a batch in one transaction: its records, rejects, the stream's place and the entry of the
/// change log. Where another writer was quicker with the same customer or record, it is done again
/// on top of that.
pub async fn write_batch(
    db: &Database,
    stream: &Stream,
    batch: &Batch,
    now: DateTime<Utc>,
) -> Result<Written, Error> {
    let mut attempt = 1;
    loop {
        match try_write(db, stream, batch, now).await {
            Err(Error::Conflict(_) | Error::AlreadyExists { .. }) if attempt < ATTEMPTS => {
                attempt += 1;
            }
            Err(Error::AlreadyExists { .. }) => {
                let text = "other writers keep writing the same records, try again later";
                return Err(Error::Conflict(text.to_owned()));
            }
            result => return result,
        }
    }
}

async fn try_write(
    db: &Database,
    stream: &Stream,
    batch: &Batch,
    now: DateTime<Utc>,
) -> Result<Written, Error> {
    let transaction = db.begin().await?;
    dialect::use_references(&transaction).await?;
    let keys = batch.customers();
    let resolved = references::resolve(&transaction, stream.source_id, &keys).await?;
    let mut moved = Moved::default();
    let writing = Writing {
        transaction: &transaction,
        source_id: stream.source_id,
        repeats: stream.repeats,
        resolved: &resolved,
        now,
    };
    kinds::write(&writing, batch, &mut moved).await?;
    moved.tally.dropped_rejects = rejects::write(&transaction, stream, batch, now).await?;
    match streams::advance(&transaction, stream, batch, moved.tally.total(), now).await? {
        Advanced::TakenOver => return Ok(Written::TakenOver),
        Advanced::Done { rejects: false } => {}
        Advanced::Done { rejects: true } => {
            rejects::settle(&transaction, stream, batch, now).await?;
        }
    }
    let position = append(&transaction, &moved, now).await?;
    let committed = transaction.commit_ahead().await?;
    Ok(Written::Done(Box::new(moved.tally), position, committed))
}

/// Tells the change log what a batch moved; the place of the last change.
async fn append(
    transaction: &Transaction,
    moved: &Moved,
    now: DateTime<Utc>,
) -> Result<Option<Position>, Error> {
    let mut position = None;
    let span = |days: &BTreeSet<NaiveDate>| {
        let first = days.first().copied().unwrap_or(NO_DAY);
        (first, days.last().copied().unwrap_or(NO_DAY))
    };
    // Apart, so that one customer whose past changes does not have all others evaluated again.
    for (customers, (first_day, last_day)) in [
        (&moved.customers, span(&moved.days)),
        (&moved.profiles, span(&moved.profile_days)),
        (&moved.always, (FIRST_DAY, NO_DAY)),
    ] {
        if customers.is_empty() {
            continue;
        }
        let change = NewChange {
            topic: Topic::Facts,
            customers: customers.iter().copied().collect(),
            first_day,
            last_day,
            as_of: None,
            recorded_at: now,
            cause: None,
        };
        position = Some(change_log::append(transaction, &change).await?);
    }
    Ok(position)
}
