//! The prices that everybody paid, frozen once a month.
//!
//! The place of a price among all prices depends on what others buy. So that nobody's value moves
//! without an event of their own, the prices of a month are frozen when they are first asked for:
//! those of all orders before the month that are known then. What comes to be known later, be it
//! for days before, counts from the next month that is not frozen yet.

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

const COLUMNS: [(&str, ColumnType); 4] = [
    ("category", ColumnType::Text),
    ("currency", ColumnType::Text),
    ("unit_price", ColumnType::I64),
    ("lines", ColumnType::I64),
];

/// The prices by which those of the month of `as_of` are judged, in `categories` (all of them when
/// `None`, or when there are too many to name), in no particular order. Who asks first for a month
/// freezes it.
pub async fn prices(
    db: &Database,
    categories: Option<&[String]>,
    as_of: NaiveDate,
) -> Result<PriceColumns, Error> {
    if categories.is_some_and(<[String]>::is_empty) {
        return Ok(PriceColumns::default());
    }
    let month = time::days(as_of) - as_of.day0().cast_signed();
    if !is_frozen(db, month).await? {
        freeze(db, month, as_of).await?;
    }
    let mut values: Vec<Value> = Vec::new();
    let mut condition = String::new();
    if let Some(named) = categories.filter(|categories| categories.len() <= MOST_CATEGORIES) {
        values.extend(named.iter().map(|category| Value::from(category.as_str())));
        let places: Vec<String> = (1..=named.len()).map(|place| format!("${place}")).collect();
        condition = format!(" AND category IN ({})", places.join(", "));
    }
    let sql = format!(
        "SELECT category, currency, unit_price, lines FROM frozen_price \
         WHERE first_day = {month}{condition}"
    );
    PriceColumns::of(bulk::read(db.reader(), &sql, values, &COLUMNS).await?)
}

async fn is_frozen(db: &Database, month: i32) -> Result<bool, Error> {
    let sql = format!("SELECT 1 FROM frozen_month WHERE first_day = {month}");
    Ok(!history::query(db.reader(), &sql).await?.is_empty())
}

/// Freezes the prices paid before the month; where there are none yet, those up to `as_of`. Where
/// there are none at all nothing was said of any price, and nothing is frozen. Of several that come
/// to it at once the first decides.
async fn freeze(db: &Database, month: i32, as_of: NaiveDate) -> Result<(), Error> {
    let mut paid = paid_through(db, month - 1).await?;
    if paid.lines.is_empty() {
        paid = paid_through(db, time::days(as_of)).await?;
    }
    if paid.lines.is_empty() {
        return Ok(());
    }
    let transaction = db.begin().await?;
    let now = dialect::clock(&transaction).await?;
    let sql = format!(
        "INSERT INTO frozen_month (first_day, frozen_at) VALUES ({month}, {now}) \
         ON CONFLICT DO NOTHING"
    );
    if history::execute(&transaction, &sql).await? == 0 {
        return transaction.rollback().await;
    }
    paid.write(&transaction, month).await?;
    transaction.commit().await
}

/// The prices paid up to and including a day, as they are known now.
async fn paid_through(db: &Database, day: i32) -> Result<PriceColumns, Error> {
    let sql = format!(
        "SELECT l.category, o.currency, l.unit_price, COUNT(*) AS lines \
         FROM order_line l JOIN sales_order o ON o.order_id = l.order_id \
         WHERE o.superseded_at IS NULL AND o.status = {status} AND o.kind = {kind} \
         AND o.ordered_on <= {day} AND l.category IS NOT NULL \
         GROUP BY l.category, o.currency, l.unit_price",
        status = OrderStatus::Completed.number(),
        kind = OrderKind::Sale.number(),
    );
    PriceColumns::of(bulk::read(db.reader(), &sql, Vec::new(), &COLUMNS).await?)
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
