//! Amounts in the base currency are those at the rates that are held, whichever came first: a
//! record is converted at the rate of its day as its batch is written, and again when that rate
//! changes or one arrives that starts nearer to its day.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use kehu_core::{CustomerId, Money};
use sea_orm::{ConnectionTrait, Statement, Value};

use super::kinds::{self, Changed, KINDS, RateTable, Valued};
use super::versions::Place;
use super::write::Moved;
use super::{Batch, Entry};
use crate::history::{execute, query};
use crate::{Error, Transaction, time};

/// Records converted at a time.
const RECORDS: i64 = 1_000;
/// Rows of one statement.
const ROWS: usize = 500;
/// No amount; a NULL alone would be a text to PostgreSQL.
const NULL: &str = "CAST(NULL AS bigint)";

/// The records of a batch, converted at the rates that the transaction sees. [`Error::Conflict`]
/// when one has no rate any more or does not fit: the batch has to be checked again.
pub(super) async fn convert<'a>(
    transaction: &Transaction,
    batch: &'a Batch,
) -> Result<Cow<'a, [Entry]>, Error> {
    let mut entries = Cow::Borrowed(&batch.entries[..]);
    if batch.foreign.is_empty() {
        return Ok(entries);
    }
    let table = kinds::held(transaction, &batch.foreign).await?;
    for place in 0..entries.len() {
        let Some((currency, day)) = entries[place].priced() else { continue };
        if !batch.foreign.contains(currency) {
            continue;
        }
        let again = || Error::Conflict("rates have changed, check the records again".to_owned());
        let rate = table.effective(currency, day).ok_or_else(again)?;
        entries.to_mut()[place].convert(rate).map_err(|_| again())?;
    }
    Ok(entries)
}

/// A record that stands.
struct Held {
    number: i64,
    customer: CustomerId,
    day: NaiveDate,
    amount: Money,
    base_amount: Money,
}

/// A part of one.
struct Part {
    place: i64,
    amount: Money,
    base_amount: Money,
    /// The further amount, where it has one.
    also: Option<Money>,
    base_also: Option<Money>,
}

impl Part {
    /// Its amounts in the base currency, as a row of VALUES.
    fn row(&self, number: i64, base: Money, also: Option<Money>) -> String {
        let also = also.map_or(NULL.to_owned(), |also| also.0.to_string());
        format!("({number}, {}, {}, {also})", self.place, base.0)
    }
}

/// Converts the records again whose rate has changed, and notes whom that concerns.
pub(super) async fn revalue(
    transaction: &Transaction,
    changed: &Changed,
    moved: &mut Moved,
) -> Result<(), Error> {
    if changed.is_empty() {
        return Ok(());
    }
    let table = kinds::held(transaction, &changed.keys().cloned().collect()).await?;
    for valued in KINDS.iter().filter_map(|kind| kind.valued) {
        for (currency, days) in changed {
            let rates = Rates { currency, table: &table };
            for range in rates.ranges(days) {
                revalue_range(transaction, valued, rates, range, moved).await?;
            }
        }
    }
    Ok(())
}

/// The rates of a currency.
#[derive(Clone, Copy)]
struct Rates<'a> {
    currency: &'a str,
    table: &'a RateTable,
}

impl Rates<'_> {
    /// The days on which rates that start on these days are valid: from the first up to another.
    fn ranges(&self, days: &BTreeSet<NaiveDate>) -> Vec<(NaiveDate, Option<NaiveDate>)> {
        let mut ranges: Vec<(NaiveDate, Option<NaiveDate>)> = Vec::new();
        for day in days {
            let end = self.table.next(self.currency, *day);
            match ranges.last_mut() {
                Some(last) if last.1 == Some(*day) => last.1 = end,
                _ => ranges.push((*day, end)),
            }
        }
        ranges
    }
}

async fn revalue_range(
    transaction: &Transaction,
    valued: &Valued,
    rates: Rates<'_>,
    range: (NaiveDate, Option<NaiveDate>),
    moved: &mut Moved,
) -> Result<(), Error> {
    let mut after = i64::MIN;
    loop {
        let records = records(transaction, valued.place, rates.currency, range, after).await?;
        let Some(last) = records.last() else { return Ok(()) };
        after = last.number;
        let mut parts = parts(transaction, valued, &records).await?;
        let mut rows = Rows::default();
        for record in records {
            let parts = parts.remove(&record.number).unwrap_or_default();
            if rows.compare(valued, rates, &record, &parts)? {
                moved.customers.insert(record.customer);
                moved.days.insert(record.day);
            }
        }
        rows.write(transaction, valued).await?;
    }
}

/// Amounts to write, as rows of VALUES.
#[derive(Default)]
struct Rows {
    records: Vec<String>,
    parts: Vec<String>,
}

impl Rows {
    /// Notes what differs of a record, and whether anything does.
    fn compare(
        &mut self,
        valued: &Valued,
        rates: Rates<'_>,
        record: &Held,
        parts: &[Part],
    ) -> Result<bool, Error> {
        let before = self.records.len() + self.parts.len();
        let rate = rates.table.effective(rates.currency, record.day);
        let rate = rate.ok_or_else(|| Error::not_found("exchange rate", rates.currency))?;
        let amounts: Vec<Money> = parts.iter().map(|part| part.amount).collect();
        let does_not_fit = |_| Error::Corrupt("an amount does not fit at its rate".to_owned());
        let (base, bases) =
            (valued.convert)(record.amount, &amounts, rate).map_err(does_not_fit)?;
        if base != record.base_amount {
            self.records.push(format!("({}, {})", record.number, base.0));
        }
        for (part, base) in parts.iter().zip(bases) {
            let also =
                part.also.map(|also| also.convert(rate)).transpose().map_err(does_not_fit)?;
            if base != part.base_amount || also != part.base_also {
                self.parts.push(part.row(record.number, base, also));
            }
        }
        Ok(self.records.len() + self.parts.len() > before)
    }

    async fn write(&self, transaction: &Transaction, valued: &Valued) -> Result<(), Error> {
        let Valued { place: Place { table, number, .. }, parts, part, also, .. } = valued;
        let sql = format!(
            "UPDATE {table} SET base_amount = given.column2 FROM (VALUES {{rows}}) AS given \
             WHERE {table}.{number} = given.column1"
        );
        update(transaction, &sql, &self.records).await?;
        let also = also.map(|(_, base)| format!(", {base} = given.column4")).unwrap_or_default();
        let sql = format!(
            "UPDATE {parts} SET base_amount = given.column3{also} FROM (VALUES {{rows}}) AS given \
             WHERE {parts}.{number} = given.column1 AND {parts}.{part} = given.column2"
        );
        update(transaction, &sql, &self.parts).await
    }
}

async fn records(
    transaction: &Transaction,
    place: &Place,
    currency: &str,
    (from, to): (NaiveDate, Option<NaiveDate>),
    after: i64,
) -> Result<Vec<Held>, Error> {
    let Place { table, number, day, .. } = place;
    let sql = format!(
        "SELECT {number}, customer_id, {day}, amount, base_amount FROM {table} \
         WHERE currency = $1 AND superseded_at IS NULL AND {day} >= $2 AND {day} < $3 \
         AND {number} > $4 ORDER BY {number} LIMIT {RECORDS}"
    );
    let to = to.map_or(i32::MAX, time::days);
    let values: [Value; 4] = [currency.into(), time::days(from).into(), to.into(), after.into()];
    let backend = transaction.get_database_backend();
    let statement = Statement::from_sql_and_values(backend, sql, values);
    let mut records = Vec::new();
    for row in transaction.query_all_raw(statement).await? {
        records.push(Held {
            number: row.try_get_by_index(0)?,
            customer: CustomerId(row.try_get_by_index(1)?),
            day: time::date(row.try_get_by_index(2)?)?,
            amount: Money(row.try_get_by_index(3)?),
            base_amount: Money(row.try_get_by_index(4)?),
        });
    }
    Ok(records)
}

/// The parts of the records in their order, by the number of the record.
async fn parts(
    transaction: &Transaction,
    valued: &Valued,
    records: &[Held],
) -> Result<BTreeMap<i64, Vec<Part>>, Error> {
    let Valued { place: Place { number, .. }, parts: table, part, also, .. } = valued;
    let (also, base_also) = also.unwrap_or((NULL, NULL));
    let numbers: Vec<String> = records.iter().map(|record| record.number.to_string()).collect();
    let sql = format!(
        "SELECT {number}, CAST({part} AS bigint), amount, base_amount, {also}, {base_also} \
         FROM {table} WHERE {number} IN ({}) ORDER BY {number}, {part}",
        numbers.join(", ")
    );
    let mut parts: BTreeMap<i64, Vec<Part>> = BTreeMap::new();
    for row in query(transaction, &sql).await? {
        parts.entry(row.try_get_by_index(0)?).or_default().push(Part {
            place: row.try_get_by_index(1)?,
            amount: Money(row.try_get_by_index(2)?),
            base_amount: Money(row.try_get_by_index(3)?),
            also: row.try_get_by_index::<Option<i64>>(4)?.map(Money),
            base_also: row.try_get_by_index::<Option<i64>>(5)?.map(Money),
        });
    }
    Ok(parts)
}

/// Executes the statement for some rows at a time; both databases name the columns of VALUES
/// `column1` and following.
pub(super) async fn update(
    transaction: &Transaction,
    sql: &str,
    rows: &[String],
) -> Result<(), Error> {
    for rows in rows.chunks(ROWS) {
        execute(transaction, &sql.replace("{rows}", &rows.join(", "))).await?;
    }
    Ok(())
}
