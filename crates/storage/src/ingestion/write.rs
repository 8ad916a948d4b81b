//! Writing a batch.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, NaiveDate, Utc};
use kehu_core::CustomerId;

use super::customers::{self, Row};
use super::references::{self, Resolved};
use super::{Batch, Entry, Mask, NO_DAY, Profile, Stream, orders, rates, rejects, streams};
use crate::change_log::{self, NewChange, Topic};
use crate::{Database, Error, Transaction};

/// How often a batch is tried when other writers get in its way.
const ATTEMPTS: u32 = 4;

/// What became of good records.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// New, or changed something.
    pub accepted: i64,
    /// Held already.
    pub unchanged: i64,
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
}

/// What became of the good records of a batch, by kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Customers.
    pub customers: Counts,
    /// Orders.
    pub orders: Counts,
    /// Exchange rates.
    pub rates: Counts,
}

impl Tally {
    /// Of all kinds.
    pub fn total(&self) -> Counts {
        let kinds = [self.customers, self.orders, self.rates];
        Counts {
            accepted: kinds.iter().map(|counts| counts.accepted).sum(),
            unchanged: kinds.iter().map(|counts| counts.unchanged).sum(),
        }
    }
}

/// What writing a batch came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// It is durable.
    Done(Tally),
    /// The stream was opened elsewhere since; nothing was written.
    TakenOver,
}

/// What a batch moved.
#[derive(Debug, Default)]
pub(super) struct Moved {
    pub(super) tally: Tally,
    pub(super) customers: BTreeSet<CustomerId>,
    pub(super) days: BTreeSet<NaiveDate>,
}

/// Writes a batch in one transaction: customers, orders, rates, rejects, the stream's place and
/// the entry of the change log. Where another writer was quicker with the same customer or
/// order, it is done again on top of that.
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
    let keys = batch.customers();
    let resolved = references::resolve(&transaction, stream.source_id, &keys).await?;
    let mut moved = Moved::default();
    write_customers(&transaction, batch, &resolved, &mut moved, now).await?;
    orders::write(&transaction, stream.source_id, batch, &resolved, &mut moved, now).await?;
    rates::write(&transaction, batch, &mut moved).await?;
    rejects::write(&transaction, stream, batch, now).await?;
    if !streams::advance(&transaction, stream, batch, moved.tally.total(), now).await? {
        return Ok(Written::TakenOver);
    }
    append(&transaction, &moved, now).await?;
    transaction.commit().await?;
    Ok(Written::Done(moved.tally))
}

async fn append(transaction: &Transaction, moved: &Moved, now: DateTime<Utc>) -> Result<(), Error> {
    if moved.customers.is_empty() {
        return Ok(());
    }
    let change = NewChange {
        topic: Topic::Facts,
        customers: moved.customers.iter().copied().collect(),
        first_day: moved.days.first().copied().unwrap_or(NO_DAY),
        last_day: moved.days.last().copied().unwrap_or(NO_DAY),
        as_of: None,
        recorded_at: now,
    };
    change_log::append(transaction, &change).await?;
    Ok(())
}

/// Customers of a batch before and after it.
struct Profiles {
    held: HashMap<CustomerId, (Profile, i64)>,
    changed: BTreeSet<CustomerId>,
}

async fn write_customers(
    transaction: &Transaction,
    batch: &Batch,
    resolved: &Resolved,
    moved: &mut Moved,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let new: BTreeSet<CustomerId> = resolved.new.iter().copied().collect();
    let mut profiles = load_profiles(transaction, batch, resolved, &new).await?;
    for entry in &batch.entries {
        let Entry::Customer { external_id, profile } = entry else { continue };
        let customer = resolved.customer(external_id);
        moved.tally.customers.count(profiles.apply(customer, profile));
    }
    let mut created = Vec::with_capacity(new.len());
    for &id in &new {
        let profile = profiles.held.remove(&id).map(|(profile, _)| profile).unwrap_or_default();
        created.push(Row { id, profile, version: 1 });
    }
    customers::insert(transaction, &created, now).await?;
    let changed: Vec<i64> = profiles.changed.difference(&new).map(|id| id.0).collect();
    let mut updated = Vec::with_capacity(changed.len());
    for row in customers::lock(transaction, &changed).await? {
        let id = CustomerId(row.customer_id);
        let (profile, version) = profiles.held.remove(&id).expect("what changed is held");
        if row.version != version {
            let text = "a customer is being changed by another writer, write it again";
            return Err(Error::Conflict(text.to_owned()));
        }
        updated.push(Row { id, profile, version: version + 1 });
    }
    customers::update(transaction, &updated, now).await?;
    moved.customers.extend(&new);
    moved.customers.extend(&profiles.changed);
    Ok(())
}

async fn load_profiles(
    transaction: &Transaction,
    batch: &Batch,
    resolved: &Resolved,
    new: &BTreeSet<CustomerId>,
) -> Result<Profiles, Error> {
    let mut ids = BTreeSet::new();
    for entry in &batch.entries {
        if let Entry::Customer { external_id, .. } = entry {
            ids.insert(resolved.customer(external_id));
        }
    }
    let old: Vec<i64> = ids.difference(new).map(|customer| customer.0).collect();
    let mut held = HashMap::new();
    for row in customers::find(transaction, &old).await? {
        let (id, version) = (CustomerId(row.customer_id), row.version);
        held.insert(id, (customers::profile(row)?, version));
    }
    Ok(Profiles { held, changed: BTreeSet::new() })
}

impl Profiles {
    /// Takes over what a record says; whether it was new or changed anything.
    fn apply(&mut self, customer: CustomerId, given: &Profile) -> bool {
        let Some((held, _)) = self.held.get_mut(&customer) else {
            let mut profile = Profile::default();
            profile.apply(given, &Mask::Given);
            self.held.insert(customer, (profile, 1));
            self.changed.insert(customer);
            return true;
        };
        let before = held.clone();
        held.apply(given, &Mask::Given);
        let changed = *held != before;
        if changed {
            self.changed.insert(customer);
        }
        changed
    }
}
