//! Records that are kept in versions. A version is a row of the kind's table, known from
//! `recorded_at` to `superseded_at`, and stands while the latter is null; what belongs to it stays
//! with it in further tables. One version of a record stands at a time.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, NaiveDate, Utc};
use kehu_core::CustomerId;
use sea_orm::{ConnectionTrait, Statement, Value};

use super::references::Resolved;
use super::write::{Counts, Moved, Reused};
use crate::bulk::{self, Column, ColumnType, OnConflict};
use crate::{Error, Transaction, dialect, time};

/// From how many records on it pays to take them for new until the database says otherwise.
const MANY: usize = 1_000;

/// Columns of a table, by name.
pub(super) type Columns = Vec<(&'static str, Column)>;

/// Where the versions of a kind of record are kept.
#[derive(Debug)]
pub(super) struct Place {
    /// The name of the kind.
    pub(super) kind: &'static str,
    /// The table of the versions. Besides the columns of its own it has those of [`Head`],
    /// `customer_id`, `source_id`, `recorded_at` and `superseded_at`.
    pub(super) table: &'static str,
    /// The column with the number of a version.
    pub(super) number: &'static str,
    /// The column with the day from which on the record counts.
    pub(super) day: &'static str,
    /// The sequence of the numbers.
    pub(super) sequence: &'static str,
}

/// What every record that is kept in versions has.
#[derive(Debug, Clone, Copy)]
pub(super) struct Head<'a> {
    /// The source's key of it.
    pub(super) external_id: &'a str,
    /// The source's key of the customer.
    pub(super) customer: &'a str,
    /// The day from which on it counts.
    pub(super) day: NaiveDate,
    /// Equal when the content is equal.
    pub(super) digest: &'a str,
    /// When its source last changed it, where the source says so.
    pub(super) source_updated_at: Option<DateTime<Utc>>,
}

/// A record that is kept in versions.
pub(super) trait Versioned {
    /// Where.
    const PLACE: &'static Place;

    /// What it has in common with all others.
    fn head(&self) -> Head<'_>;

    /// The columns that only this kind has, a row a record.
    fn columns(records: &[&Self]) -> Columns;

    /// The tables of what belongs to the versions of these numbers, with their rows.
    fn children(numbers: &[i64], records: &[&Self]) -> Vec<(&'static str, Columns)>;
}

/// Where and when records are written.
pub(super) struct Writing<'a> {
    pub(super) transaction: &'a Transaction,
    pub(super) source_id: i64,
    /// The stream has sent records that were held already: there may be more of them.
    pub(super) repeats: bool,
    pub(super) resolved: &'a Resolved,
    pub(super) now: DateTime<Utc>,
}

/// What stands of a record: enough to tell whether it changes, and what moves with it.
struct Held {
    number: i64,
    customer: CustomerId,
    day: NaiveDate,
    digest: String,
    source_updated_at: Option<DateTime<Utc>>,
}

/// Writes the records that are new, and a new version of those that differ from what is held.
/// Where a record occurs twice the last one stays.
///
/// Unless the stream has repeated itself before, many records are written without a look at what is
/// held; one that is held undoes that.
pub(super) async fn write<T: Versioned>(
    writing: &Writing<'_>,
    records: &[&T],
    moved: &mut Moved,
) -> Result<(), Error> {
    if records.is_empty() {
        return Ok(());
    }
    if !writing.repeats && records.len() >= MANY {
        let plan = Plan::of(records, HashMap::new(), writing.resolved);
        if insert_new(writing, &plan.changed()).await? {
            plan.note(writing.resolved, moved);
            return Ok(());
        }
    }
    let plan = Plan::of(records, find(writing, records).await?, writing.resolved);
    supersede::<T>(writing, plan.replaced()).await?;
    insert(writing, &plan.changed()).await?;
    plan.note(writing.resolved, moved);
    Ok(())
}

/// Writes records that are taken for new; `false`, and nothing written, when one is held.
async fn insert_new<T: Versioned>(writing: &Writing<'_>, records: &[&T]) -> Result<bool, Error> {
    let transaction = writing.transaction.inner();
    transaction.savepoint().await?;
    match insert(writing, records).await {
        Err(Error::AlreadyExists { .. }) => {
            transaction.rollback_to_savepoint().await?;
            Ok(false)
        }
        written => written.map(|()| true),
    }
}

/// What is to be done with records.
struct Plan<'a, T> {
    held: HashMap<String, Held>,
    changed: BTreeMap<&'a str, &'a T>,
    counts: Counts,
    reused: Vec<Reused>,
}

/// What a record would take the place of.
struct Former<'a> {
    customer: CustomerId,
    day: NaiveDate,
    digest: &'a str,
    source_updated_at: Option<DateTime<Utc>>,
}

impl<'a> Former<'a> {
    fn earlier(head: Head<'a>, resolved: &Resolved) -> Self {
        let Head { customer, day, digest, source_updated_at, .. } = head;
        Self { customer: resolved.customer(customer), day, digest, source_updated_at }
    }

    fn held(held: &'a Held) -> Self {
        let Held { customer, day, digest, source_updated_at, .. } = held;
        let (customer, day, source_updated_at) = (*customer, *day, *source_updated_at);
        Self { customer, day, digest, source_updated_at }
    }

    /// Whether a record differs, and is not older at its source: then it would win by coming later.
    fn yields_to(&self, head: &Head<'_>) -> bool {
        let times = self.source_updated_at.zip(head.source_updated_at);
        self.digest != head.digest && times.is_none_or(|(held, given)| held <= given)
    }
}

impl<'a, T: Versioned> Plan<'a, T> {
    fn of(records: &[&'a T], held: HashMap<String, Held>, resolved: &Resolved) -> Self {
        let mut changed: BTreeMap<&str, &T> = BTreeMap::new();
        let mut counts = Counts::default();
        let mut reused = Vec::new();
        for &record in records {
            let head = record.head();
            let key = head.external_id;
            let earlier = changed.get(key).map(|earlier| Former::earlier(earlier.head(), resolved));
            let former = earlier.or_else(|| held.get(key).map(Former::held));
            let differs = former.as_ref().is_none_or(|former| former.yields_to(&head));
            counts.count(differs);
            if !differs {
                continue;
            }
            changed.insert(key, record);
            let Some(Former { customer, day, .. }) = former else { continue };
            if customer != resolved.customer(head.customer) || day != head.day {
                let (kind, external_id) = (T::PLACE.kind, key.to_owned());
                reused.push(Reused { kind, external_id, customer, day });
            }
        }
        counts.reused = i64::try_from(reused.len()).unwrap_or(i64::MAX);
        Self { held, changed, counts, reused }
    }

    /// The records to write, in the order of their keys.
    fn changed(&self) -> Vec<&'a T> {
        self.changed.values().copied().collect()
    }

    /// The numbers of the versions in whose place they come.
    fn replaced(&self) -> Vec<i64> {
        let held = self.changed.keys().filter_map(|key| self.held.get(*key));
        held.map(|held| held.number).collect()
    }

    /// Notes whom and which days the changes concern, where the records were and where they are.
    fn note(self, resolved: &Resolved, moved: &mut Moved) {
        moved.tally.add(T::PLACE.kind, self.counts);
        moved.tally.add_reused(self.reused);
        moved.tally.repeats |= !self.held.is_empty();
        for (key, record) in &self.changed {
            let head = record.head();
            moved.customers.insert(resolved.customer(head.customer));
            moved.days.insert(head.day);
            if let Some(held) = self.held.get(*key) {
                moved.customers.insert(held.customer);
                moved.days.insert(held.day);
            }
        }
    }
}

async fn find<T: Versioned>(
    writing: &Writing<'_>,
    records: &[&T],
) -> Result<HashMap<String, Held>, Error> {
    let Place { table, number, day, .. } = T::PLACE;
    let backend = writing.transaction.get_database_backend();
    let keys: Vec<&str> = records.iter().map(|record| record.head().external_id).collect();
    let standing = "source_id = $1 AND external_id = wanted AND superseded_at IS NULL";
    let from = dialect::from_each(backend, 2, table, standing);
    let sql = format!(
        "SELECT {number}, external_id, customer_id, {day}, digest, source_updated_at {from}"
    );
    let columns = [
        (*number, ColumnType::I64),
        ("external_id", ColumnType::Text),
        ("customer_id", ColumnType::I64),
        (*day, ColumnType::I32),
        ("digest", ColumnType::Text),
        ("source_updated_at", ColumnType::OptI64),
    ];
    let values = vec![Value::from(writing.source_id), dialect::text_array(backend, &keys)];
    let read = bulk::read(writing.transaction, &sql, values, &columns).await?;
    let Ok(
        [
            Column::I64(numbers),
            Column::Text(keys),
            Column::I64(customers),
            Column::I32(days),
            Column::Text(digests),
            Column::OptI64(updated),
        ],
    ) = <[Column; 6]>::try_from(read)
    else {
        return Err(Error::Corrupt(format!("a read of {table} gave columns of other types")));
    };
    let mut held = HashMap::with_capacity(numbers.len());
    let rest = numbers.into_iter().zip(customers).zip(days).zip(digests).zip(updated);
    for (key, ((((number, customer), day), digest), updated)) in keys.into_iter().zip(rest) {
        let customer = CustomerId(customer);
        let source_updated_at = updated.map(time::instant).transpose()?;
        let day = time::date(day)?;
        held.insert(key, Held { number, customer, day, digest, source_updated_at });
    }
    Ok(held)
}

/// Ends versions; they stay on record with what belongs to them. [`Error::Conflict`] when another
/// writer was quicker with one of them.
async fn supersede<T: Versioned>(writing: &Writing<'_>, numbers: Vec<i64>) -> Result<(), Error> {
    if numbers.is_empty() {
        return Ok(());
    }
    let Place { kind, table, number, .. } = T::PLACE;
    let backend = writing.transaction.get_database_backend();
    let is_any = dialect::in_array(backend, 2);
    let sql = format!(
        "UPDATE {table} SET superseded_at = $1 WHERE {number} {is_any} AND superseded_at IS NULL"
    );
    let values = [time::micros(writing.now).into(), dialect::array(backend, &numbers)];
    let statement = Statement::from_sql_and_values(backend, sql, values);
    let ended = writing.transaction.execute_raw(statement).await?.rows_affected();
    if usize::try_from(ended).is_ok_and(|ended| ended == numbers.len()) {
        return Ok(());
    }
    let text = format!("the same {kind} is being changed by another writer, write it again");
    Err(Error::Conflict(text))
}

/// Writes versions, in the order of their keys.
async fn insert<T: Versioned>(writing: &Writing<'_>, records: &[&T]) -> Result<(), Error> {
    if records.is_empty() {
        return Ok(());
    }
    let Place { table, number, day, sequence, .. } = T::PLACE;
    let transaction = writing.transaction;
    let numbers = dialect::draw(transaction.inner(), sequence, records.len()).await?;
    let children = T::children(&numbers, records);
    let mut columns = T::columns(records);
    columns.push((number, Column::I64(numbers)));
    head_columns(writing, day, records, &mut columns);
    bulk::insert(transaction, table, &columns, OnConflict::Fail).await?;
    for (table, columns) in children {
        bulk::insert(transaction, table, &columns, OnConflict::Fail).await?;
    }
    Ok(())
}

fn head_columns<T: Versioned>(
    writing: &Writing<'_>,
    day: &'static str,
    records: &[&T],
    columns: &mut Columns,
) {
    let count = records.len();
    let heads = || records.iter().map(|record| record.head());
    let customers = heads().map(|head| writing.resolved.customer(head.customer).0);
    let days = heads().map(|head| time::days(head.day));
    let updated = heads().map(|head| head.source_updated_at.map(time::micros));
    columns.extend([
        ("customer_id", Column::I64(customers.collect())),
        ("source_id", Column::I64(vec![writing.source_id; count])),
        ("external_id", Column::Text(heads().map(|head| head.external_id.to_owned()).collect())),
        (day, Column::I32(days.collect())),
        ("digest", Column::Text(heads().map(|head| head.digest.to_owned()).collect())),
        ("source_updated_at", Column::OptI64(updated.collect())),
        ("recorded_at", Column::I64(vec![time::micros(writing.now); count])),
    ]);
}
