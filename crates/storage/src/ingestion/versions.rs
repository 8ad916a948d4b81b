//! Records that are kept in versions. A version is a row of the kind's table, known from
//! `recorded_at` to `superseded_at`, and stands while the latter is null; what belongs to it stays
//! with it in further tables. One version of a record stands at a time.

mod plan;

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{DateTime, NaiveDate, Utc};
use futures::future::join;
use kehu_core::CustomerId;
use sea_orm::{ConnectionTrait, Statement, Value};

use super::references::Resolved;
use super::revalue;
use super::write::Moved;
use crate::bulk::{self, Column, ColumnType, OnConflict};
use crate::{Error, Transaction, dialect, time};
use plan::{Plan, Said};

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
    /// `customer_id`, `absorbed_id` (the customer that it came by, where that one is merged into
    /// `customer_id`), `source_id`, `recorded_at` and `superseded_at`.
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
    /// When its source last changed it; when it came, where the source did not say.
    changed_at: DateTime<Utc>,
}

/// Writes the records that are new, and a new version of those that differ from what is held. One
/// that is older at its source than what stands is kept as a former version. Where a record occurs
/// twice the newer one stays, or the last one where its source does not say which that is.
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
        let plan = Plan::of(records, HashMap::new(), writing);
        if insert_new(writing, &plan).await? {
            plan.note(writing, moved);
            return Ok(());
        }
    }
    let mut plan = Plan::of(records, find(writing, records).await?, writing);
    plan.leave_out(&former::<T>(writing, &plan.former()).await?);
    say_again::<T>(writing, &plan.said_again).await?;
    supersede::<T>(writing, plan.replaced()).await?;
    insert(writing, &plan).await?;
    plan.note(writing, moved);
    Ok(())
}

/// Writes records that are taken for new; `false`, and nothing written, when one is held.
async fn insert_new<T: Versioned>(
    writing: &Writing<'_>,
    plan: &Plan<'_, T>,
) -> Result<bool, Error> {
    let transaction = writing.transaction.inner();
    transaction.savepoint().await?;
    match insert(writing, plan).await {
        Err(Error::AlreadyExists { .. }) => {
            transaction.rollback_to_savepoint().await?;
            Ok(false)
        }
        written => written.map(|()| true),
    }
}

/// The versions under these keys that stand no longer.
async fn former<T: Versioned>(
    writing: &Writing<'_>,
    keys: &[&str],
) -> Result<HashSet<Said>, Error> {
    if keys.is_empty() {
        return Ok(HashSet::new());
    }
    let backend = writing.transaction.get_database_backend();
    let ended = "source_id = $1 AND external_id = wanted AND superseded_at IS NOT NULL";
    let from = dialect::from_each(backend, 2, T::PLACE.table, ended);
    let sql = format!("SELECT external_id, digest, source_updated_at {from}");
    let columns = [
        ("external_id", ColumnType::Text),
        ("digest", ColumnType::Text),
        ("source_updated_at", ColumnType::OptI64),
    ];
    let values = vec![Value::from(writing.source_id), dialect::text_array(backend, keys)];
    let read = bulk::read(writing.transaction, &sql, values, &columns).await?;
    let Ok([Column::Text(keys), Column::Text(digests), Column::OptI64(updated)]) =
        <[Column; 3]>::try_from(read)
    else {
        return Err(wrong_types::<T>());
    };
    let rest = digests.into_iter().zip(updated);
    Ok(keys.into_iter().zip(rest).map(|(key, (digest, at))| (key, digest, at)).collect())
}

fn wrong_types<T: Versioned>() -> Error {
    Error::Corrupt(format!("a read of {} gave columns of other types", T::PLACE.table))
}

/// Notes when their source last said versions that stand.
async fn say_again<T: Versioned>(
    writing: &Writing<'_>,
    versions: &BTreeMap<i64, DateTime<Utc>>,
) -> Result<(), Error> {
    let Place { table, number, .. } = T::PLACE;
    let row = |(version, at): (&i64, &DateTime<Utc>)| format!("({version}, {})", time::micros(*at));
    let rows: Vec<String> = versions.iter().map(row).collect();
    let sql = format!(
        "UPDATE {table} SET source_updated_at = given.column2 FROM (VALUES {{rows}}) AS given \
         WHERE {table}.{number} = given.column1"
    );
    revalue::update(writing.transaction, &sql, &rows).await
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
        "SELECT {number}, external_id, customer_id, {day}, digest, \
         COALESCE(source_updated_at, recorded_at) AS changed_at {from}"
    );
    let columns = [
        (*number, ColumnType::I64),
        ("external_id", ColumnType::Text),
        ("customer_id", ColumnType::I64),
        (*day, ColumnType::I32),
        ("digest", ColumnType::Text),
        ("changed_at", ColumnType::I64),
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
            Column::I64(changed),
        ],
    ) = <[Column; 6]>::try_from(read)
    else {
        return Err(wrong_types::<T>());
    };
    let mut held = HashMap::with_capacity(numbers.len());
    let rest = numbers.into_iter().zip(customers).zip(days).zip(digests).zip(changed);
    for (key, ((((number, customer), day), digest), changed)) in keys.into_iter().zip(rest) {
        let customer = CustomerId(customer);
        let (day, changed_at) = (time::date(day)?, time::instant(changed)?);
        held.insert(key, Held { number, customer, day, digest, changed_at });
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

/// Writes versions: those that stand in the order of their keys, and former ones, which are known
/// and superseded at once.
async fn insert<T: Versioned>(writing: &Writing<'_>, plan: &Plan<'_, T>) -> Result<(), Error> {
    let (records, standing) = plan.rows();
    if records.is_empty() {
        return Ok(());
    }
    let records = &records[..];
    let Place { table, number, day, sequence, .. } = T::PLACE;
    let transaction = writing.transaction;
    // While the database draws, and while it writes, the next columns are made.
    let drawn = dialect::draw(transaction.inner(), sequence, records.len());
    let made = async {
        let mut columns = T::columns(records);
        head_columns(writing, day, records, &mut columns);
        columns
    };
    let (numbers, mut columns) = join(drawn, made).await;
    let numbers = numbers?;
    columns.push((number, Column::I64(numbers.clone())));
    if standing < records.len() {
        let mut superseded = vec![None; standing];
        superseded.resize(records.len(), Some(time::micros(writing.now)));
        columns.push(("superseded_at", Column::OptI64(superseded)));
    }
    let written = bulk::insert(transaction, table, &columns, OnConflict::Fail);
    let (written, children) = join(written, async { T::children(&numbers, records) }).await;
    written?;
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
    let absorbed =
        heads().map(|head| writing.resolved.absorbed(head.customer).map(|customer| customer.0));
    let updated = heads().map(|head| head.source_updated_at.map(time::micros));
    columns.extend([
        ("customer_id", Column::I64(customers.collect())),
        ("absorbed_id", Column::OptI64(absorbed.collect())),
        ("source_id", Column::I64(vec![writing.source_id; count])),
        ("external_id", Column::Text(heads().map(|head| head.external_id.to_owned()).collect())),
        (day, Column::I32(days.collect())),
        ("digest", Column::Text(heads().map(|head| head.digest.to_owned()).collect())),
        ("source_updated_at", Column::OptI64(updated.collect())),
        ("recorded_at", Column::I64(vec![time::micros(writing.now); count])),
    ]);
}
