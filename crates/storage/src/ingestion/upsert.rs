//! Writing one customer.

use chrono::{DateTime, NaiveDate, Utc};
use kehu_core::CustomerId;

use super::customers::{self, Customer, Reference};
use super::golden::Golden;
use super::references::{self, Led};
use super::values::{self, Saying};
use super::{Mask, NO_DAY, Profile};
use super::{kinds, merges, rejects, sources};
use crate::business_date::Days;
use crate::change_log::{self, NewChange, Position, Topic};
use crate::{Error, Transaction, dialect, time};

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
    /// When its source last changed it, where the source says so.
    pub source_updated_at: Option<DateTime<Utc>>,
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
        /// The first day on which something changed, [`NO_DAY`] when it is seen on none; pass it with
        /// the customer to [`announce`]. `None` when nothing changed.
        changed: Option<NaiveDate>,
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
    dialect::use_references(transaction).await?;
    let (source_id, held) =
        references::find_one(transaction, upsert.source, upsert.external_id).await?;
    let source_id = match source_id {
        Some(source_id) => source_id,
        None => sources::number(transaction, upsert.source).await?,
    };
    rejects::accepted(transaction, source_id, kinds::CUSTOMER, upsert.external_id, now).await?;
    if let Some(led) = held {
        return change(transaction, led, source_id, upsert, now).await;
    }
    let resolved = references::link_new(transaction, source_id, &[upsert.external_id]).await?;
    let id = resolved.customer(upsert.external_id);
    if resolved.new.is_empty() {
        let led = Led { customer: id, home: resolved.home(upsert.external_id) };
        return change(transaction, led, source_id, upsert, now).await;
    }
    if upsert.version.is_some_and(|version| version != 0) {
        return Ok(Upserted::OtherVersion(id));
    }
    let mut golden = Golden::default();
    let days = Days::load(transaction, now).await?;
    golden.say(id, upsert.profile, upsert.mask, &upsert.saying(source_id, 1, &days, now))?;
    customers::insert(transaction, &[golden.row(id)], now).await?;
    values::write(transaction, [&golden.homes].into_iter()).await?;
    let reference =
        Reference { source: upsert.source.to_owned(), external_id: upsert.external_id.to_owned() };
    let references = vec![reference];
    let customer = Customer {
        id,
        references,
        codes: Vec::new(),
        profile: golden.profile,
        version: 1,
        created_at: now,
        updated_at: now,
    };
    Ok(Upserted::Done { customer: Box::new(customer), created: true, changed: Some(NO_DAY) })
}

impl Upsert<'_> {
    fn saying<'a>(
        &self,
        source_id: i64,
        version: i64,
        days: &'a Days,
        now: DateTime<Utc>,
    ) -> Saying<'a> {
        let at = self.source_updated_at.map(time::micros);
        Saying { source_id, at, after: None, version, now: time::micros(now), days }
    }
}

async fn change(
    transaction: &Transaction,
    led: Led,
    source_id: i64,
    upsert: &Upsert<'_>,
    now: DateTime<Utc>,
) -> Result<Upserted, Error> {
    let id = led.customer;
    let customer = customers::load_locked(transaction, id).await?;
    let mut customer =
        customer.ok_or_else(|| Error::Corrupt("a reference leads to no customer".to_owned()))?;
    if upsert.version.is_some_and(|version| version != customer.version) {
        return Ok(Upserted::OtherVersion(id));
    }
    let mut golden = Golden::held(customer.profile.clone(), customer.version);
    let merged = !merges::absorbed_in(transaction, &[id.0]).await?.is_empty();
    let timed = upsert.source_updated_at.is_some();
    if !timed && !merged && !golden.differs(upsert.profile, upsert.mask) {
        let customer = Box::new(customer);
        return Ok(Upserted::Done { customer, created: false, changed: None });
    }
    golden.homes = values::load(transaction, &[id.0]).await?.remove(&id).unwrap_or_default();
    let days = Days::load(transaction, now).await?;
    let saying = upsert.saying(source_id, customer.version + 1, &days, now);
    let new = golden.say(led.home, upsert.profile, upsert.mask, &saying)?;
    if golden.written {
        customer.version += 1;
        customer.updated_at = now;
        customers::update(transaction, &[golden.row(id)], now).await?;
        values::write(transaction, [&golden.homes].into_iter()).await?;
        customer.profile = golden.profile;
    }
    let changed = new.then(|| golden.first_day.unwrap_or(NO_DAY));
    Ok(Upserted::Done { customer: Box::new(customer), created: false, changed })
}

/// Appends to the change log that a customer changed from a day on; its place there.
pub async fn announce(
    transaction: &Transaction,
    customer: CustomerId,
    first_day: NaiveDate,
    now: DateTime<Utc>,
) -> Result<Position, Error> {
    let change = NewChange {
        topic: Topic::Facts,
        customers: vec![customer],
        first_day,
        last_day: first_day.max(NO_DAY),
        as_of: None,
        recorded_at: now,
        cause: None,
    };
    change_log::append(transaction, &change).await
}
