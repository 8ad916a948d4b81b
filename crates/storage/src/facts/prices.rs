//! The prices that everybody paid, frozen once a month by runs.
//!
//! The place of a price among all prices depends on what others buy. So that nobody's value moves
//! without an event of their own, a run freezes the prices of the month of its date: those of all
//! orders before the month, as they are known when it starts. Followers and answers take what was
//! frozen for the month, or else for the last one before it. A later run freezes them anew.

use chrono::{Datelike, NaiveDate};
use sea_orm::Value;

use super::slice;
use crate::bulk::{self, Column, ColumnType, OnConflict};
use crate::ingestion::{OrderKind, OrderStatus};
use crate::{Database, Error, Transaction, dialect, history, time};

/// How often each price was paid, by all customers: one price of a category a place.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PriceColumns {
    /// The category.
    pub category: Vec<String>,
    /// The currency of the price, ISO 4217.
    pub currency: Vec<String>,
    /// The price of one unit, 1/10,000 of the unit of the currency.
    pub unit_price: Vec<i64>,
    /// The number of lines of completed sales at this price, at least 1.
    pub lines: Vec<i64>,
}

/// Categories named in one statement; for more of them every category is read.
const MOST_CATEGORIES: usize = 500;

/// Lines without a category have no place among prices.
const NAMED: &str = "category IS NOT NULL";

const COLUMNS: [(&str, ColumnType); 4] = [
    ("category", ColumnType::Text),
    ("currency", ColumnType::Text),
    ("unit_price", ColumnType::I64),
    ("lines", ColumnType::I64),
];

/// The prices by which those of the month of `as_of` are judged, in `categories` (all of them when
/// there are too many to name), in no particular order. Those known now, when no run has frozen any.
pub async fn prices(
    db: &Database,
    categories: &[String],
    as_of: NaiveDate,
) -> Result<PriceColumns, Error> {
    if categories.is_empty() {
        return Ok(PriceColumns::default());
    }
    let mut values: Vec<Value> = Vec::new();
    let mut condition = NAMED.to_owned();
    if categories.len() <= MOST_CATEGORIES {
        values.extend(categories.iter().map(|category| Value::from(category.as_str())));
        let places: Vec<String> = (1..=values.len()).map(|place| format!("${place}")).collect();
        condition = format!("category IN ({})", places.join(", "));
    }
    let Some(frozen) = newest_frozen(db, first_day(as_of)).await? else {
        return known(db, as_of, &condition, values).await;
    };
    let sql = format!(
        "SELECT category, currency, unit_price, lines FROM frozen_price \
         WHERE first_day = {frozen} AND {condition}"
    );
    PriceColumns::of(bulk::read(db.reader(), &sql, values, &COLUMNS).await?)
}

/// Freezes the prices of the month of `as_of` for a run, unless this run or a later one has:
/// several workers of a run may come to it at once.
pub async fn freeze_prices(db: &Database, as_of: NaiveDate, run_id: i64) -> Result<(), Error> {
    let month = first_day(as_of);
    let sql =
        format!("SELECT 1 FROM frozen_month WHERE first_day = {month} AND run_id >= {run_id}");
    if !history::query(db.reader(), &sql).await?.is_empty() {
        return Ok(());
    }
    let known = known(db, as_of, NAMED, Vec::new()).await?;
    let transaction = db.begin().await?;
    let now = dialect::clock(&transaction).await?;
    let sql = format!(
        "INSERT INTO frozen_month (first_day, run_id, frozen_at) VALUES ({month}, {run_id}, {now}) \
         ON CONFLICT (first_day) DO UPDATE \
         SET run_id = excluded.run_id, frozen_at = excluded.frozen_at \
         WHERE frozen_month.run_id < excluded.run_id"
    );
    if history::execute(&transaction, &sql).await? == 0 {
        return transaction.rollback().await;
    }
    let sql = format!("DELETE FROM frozen_price WHERE first_day = {month}");
    history::execute(&transaction, &sql).await?;
    known.write(&transaction, month).await?;
    transaction.commit().await
}

/// The first day of the month, days since 1970-01-01.
fn first_day(date: NaiveDate) -> i32 {
    time::days(date) - date.day0().cast_signed()
}

/// The month whose prices count in this one: itself or the last before it that is frozen.
async fn newest_frozen(db: &Database, month: i32) -> Result<Option<i32>, Error> {
    let sql = format!(
        "SELECT first_day FROM frozen_month WHERE first_day <= {month} \
         ORDER BY first_day DESC LIMIT 1"
    );
    let rows = history::query(db.reader(), &sql).await?;
    Ok(rows.first().map(|row| row.try_get_by_index(0)).transpose()?)
}

/// The prices paid before the month of `as_of`, as they are known now; where there are none yet,
/// those up to `as_of`.
async fn known(
    db: &Database,
    as_of: NaiveDate,
    condition: &str,
    values: Vec<Value>,
) -> Result<PriceColumns, Error> {
    let before = paid_through(db, first_day(as_of) - 1, condition, values.clone()).await?;
    if !before.lines.is_empty() {
        return Ok(before);
    }
    paid_through(db, time::days(as_of), condition, values).await
}

/// The prices paid up to and including a day, as they are known now.
async fn paid_through(
    db: &Database,
    day: i32,
    condition: &str,
    values: Vec<Value>,
) -> Result<PriceColumns, Error> {
    let sql = format!(
        "SELECT l.category, o.currency, l.unit_price, COUNT(*) AS lines \
         FROM order_line l JOIN sales_order o ON o.order_id = l.order_id \
         WHERE o.superseded_at IS NULL AND o.status = {status} AND o.kind = {kind} \
         AND o.ordered_on <= {day} AND l.{condition} \
         GROUP BY l.category, o.currency, l.unit_price",
        status = OrderStatus::Completed.number(),
        kind = OrderKind::Sale.number(),
    );
    PriceColumns::of(bulk::read(db.reader(), &sql, values, &COLUMNS).await?)
}

impl PriceColumns {
    fn of(read: Vec<Column>) -> Result<Self, Error> {
        let Ok(
            [
                Column::Text(category),
                Column::Text(currency),
                Column::I64(unit_price),
                Column::I64(lines),
            ],
        ) = <[Column; 4]>::try_from(read)
        else {
            return Err(slice::wrong_types());
        };
        Ok(Self { category, currency, unit_price, lines })
    }

    async fn write(self, transaction: &Transaction, month: i32) -> Result<(), Error> {
        let columns = [
            ("first_day", Column::I32(vec![month; self.lines.len()])),
            ("category", Column::Text(self.category)),
            ("currency", Column::Text(self.currency)),
            ("unit_price", Column::I64(self.unit_price)),
            ("lines", Column::I64(self.lines)),
        ];
        bulk::insert(transaction, "frozen_price", &columns, OnConflict::Fail).await?;
        Ok(())
    }
}
