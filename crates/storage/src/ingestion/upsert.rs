//! Writing one customer.

use chrono::{DateTime, Utc};
use kehu_core::CustomerId;

use super::customers::{self, Customer, Reference, Row};
use super::references;
use super::sources;
use super::{Mask, NO_DAY, Profile};
use crate::change_log::{self, NewChange, Topic};
use crate::{Error, Transaction};

/// What to write, and to whom.
#[derive(Debug, Clone)]
pub struct Upsert<'a> {
    /// The source of the reference.
    pub source: &'a str,
    /// The source's key of the customer, which is created when it is new.
    pub external_id: &'a str,
    /// The values.
    pub profile: &'a Profile,
    /// Which of them to write.
    pub mask: &'a Mask,
    /// The version the customer must have; `None` takes any, a new customer has 0.
    pub version: Option<i64>,
}

/// What an upsert came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Upserted {
    /// The customer as it is after the write.
    Done {
        /// The customer.
        customer: Box<Customer>,
        /// It is new.
        created: bool,
        /// Something changed; pass the customer to [`announce`].
        changed: bool,
    },
    /// It does not have the version that was asked for; nothing was written.
    OtherVersion(CustomerId),
}

/// Creates or changes a customer in the caller's transaction. [`Error::Conflict`] when another
/// writer creates the same one: do the whole transaction again.
pub async fn upsert_customer(
    transaction: &Transaction,
    upsert: &Upsert<'_>,
    now: DateTime<Utc>,
) -> Result<Upserted, Error> {
    let (source_id, held) =
        references::find_one(transaction, upsert.source, upsert.external_id).await?;
    if let Some(id) = held {
        return change(transaction, id, upsert, now).await;
    }
    let source_id = match source_id {
        Some(source_id) => source_id,
        None => sources::number(transaction, upsert.source).await?,
    };
    let resolved = references::link_new(transaction, source_id, &[upsert.external_id]).await?;
    let id = resolved.customer(upsert.external_id);
    if resolved.new.is_empty() {
        return change(transaction, id, upsert, now).await;
    }
    if upsert.version.is_some_and(|version| version != 0) {
        return Ok(Upserted::OtherVersion(id));
    }
    let mut profile = Profile::default();
    profile.apply(upsert.profile, upsert.mask);
    let row = Row { id, profile: profile.clone(), version: 1 };
    customers::insert(transaction, &[row], now).await?;
    let reference =
        Reference { source: upsert.source.to_owned(), external_id: upsert.external_id.to_owned() };
    let references = vec![reference];
    let customer = Customer {
        id,
        references,
        codes: Vec::new(),
        profile,
        version: 1,
        created_at: now,
        updated_at: now,
    };
    Ok(Upserted::Done { customer: Box::new(customer), created: true, changed: true })
}

async fn change(
    transaction: &Transaction,
    id: CustomerId,
    upsert: &Upsert<'_>,
    now: DateTime<Utc>,
) -> Result<Upserted, Error> {
    let customer = customers::load_locked(transaction, id).await?;
    let mut customer =
        customer.ok_or_else(|| Error::Corrupt("a reference leads to no customer".to_owned()))?;
    if upsert.version.is_some_and(|version| version != customer.version) {
        return Ok(Upserted::OtherVersion(id));
    }
    let before = customer.profile.clone();
    customer.profile.apply(upsert.profile, upsert.mask);
    let changed = customer.profile != before;
    if changed {
        customer.version += 1;
        customer.updated_at = now;
        let row = Row { id, profile: customer.profile.clone(), version: customer.version };
        customers::update(transaction, &[row], now).await?;
    }
    Ok(Upserted::Done { customer: Box::new(customer), created: false, changed })
}

/// Appends to the change log that a customer changed; the last statement of a transaction.
pub async fn announce(
    transaction: &Transaction,
    customer: CustomerId,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let change = NewChange {
        topic: Topic::Facts,
        customers: vec![customer],
        first_day: NO_DAY,
        last_day: NO_DAY,
        as_of: None,
        recorded_at: now,
    };
    change_log::append(transaction, &change).await?;
    Ok(())
}
