//! The tables that the SQL of features reads, as they are seen from one date.
//!
//! | table | columns |
//! |---|---|
//! | `customers` | `customer_id`, `customer_type`, `country`, `province`, `city`, `industry`, `registered_days` (days from the registration to the date; null when it is unknown or later) |
//! | `orders` | `customer_id`, `days_ago` (0 on the date), `month` (12 the month that ends on the date, 11 the one before … 1; else null), `weekday` (1 Monday … 7 Sunday), `hour` (0 to 23), `channel`, `amount` (base currency, of a return negative), `is_purchase` (a completed sale with an amount above zero) |
//! | `lines` | of completed sales: `customer_id`, `days_ago`, `category`, `brand`, `currency`, `unit_price` (in that currency), `amount`, `discount` (base currency) |
//! | `prices` | of all customers: `category`, `currency`, `unit_price`, `lines` (how many were sold at it) |
//!
//! A window of N days `(as_of - N, as_of]` is `days_ago < N`.

use std::sync::Arc;

use chrono::{Datelike, Months, NaiveDate};
use datafusion::arrow::array::{
    ArrayRef, BooleanArray, Decimal128Array, Int32Array, Int64Array, RecordBatch, StringArray,
};
use datafusion::catalog::MemTable;
use datafusion::prelude::SessionContext;
use kehu_core::calendar::{from_days, to_days};
use kehu_storage::Database;
use kehu_storage::facts::{
    self, CustomerColumns, CustomerSet, LineColumns, OrderColumns, PriceColumns,
};

use kehu_storage::ingestion::OrderKind;

use crate::Error;

/// Rows of one batch: what DataFusion works on at a time.
const BATCH_ROWS: usize = 8_192;

/// Which tables besides `customers` are wanted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tables {
    pub(crate) orders: bool,
    pub(crate) lines: bool,
    pub(crate) prices: bool,
}

/// The facts of some customers.
#[derive(Debug, Clone, Default)]
pub(crate) struct Facts {
    pub(crate) customers: CustomerColumns,
    pub(crate) orders: OrderColumns,
    pub(crate) lines: LineColumns,
    pub(crate) prices: PriceColumns,
}

impl Facts {
    /// Reads what is wanted up to `as_of`; the rest stays empty. Of the prices only those of
    /// the categories that the customers bought are read.
    pub(crate) async fn read(
        db: &Database,
        set: &CustomerSet,
        as_of: NaiveDate,
        wanted: Tables,
    ) -> Result<Self, Error> {
        let mut facts =
            Self { customers: facts::customers(db, set, as_of).await?, ..Self::default() };
        if wanted.orders {
            facts.orders = facts::orders(db, set, as_of).await?;
        }
        if wanted.lines {
            facts.lines = facts::lines(db, set, as_of).await?;
        }
        if wanted.prices {
            facts.prices = facts::prices(db, Some(&facts.lines.categories()), as_of).await?;
        }
        Ok(facts)
    }

    /// The number of rows that will be worked on.
    pub(crate) fn rows(&self) -> usize {
        self.orders.customer_id.len() + self.lines.customer_id.len()
    }

    /// Makes the tables known to the session.
    pub(crate) fn register(self, context: &SessionContext, as_of: NaiveDate) -> Result<(), Error> {
        register(context, "customers", customers(self.customers, as_of)?)?;
        register(context, "orders", orders(self.orders, as_of)?)?;
        register(context, "lines", lines(self.lines, as_of)?)?;
        register(context, "prices", prices(self.prices)?)
    }
}

/// One partition a thread, each of whole batches.
fn register(context: &SessionContext, name: &str, rows: RecordBatch) -> Result<(), Error> {
    let count = context.copied_config().target_partitions();
    let mut partitions = vec![Vec::new(); count.max(1)];
    for (place, start) in (0..rows.num_rows()).step_by(BATCH_ROWS).enumerate() {
        let length = BATCH_ROWS.min(rows.num_rows() - start);
        partitions[place % count].push(rows.slice(start, length));
    }
    context.register_table(name, Arc::new(MemTable::try_new(rows.schema(), partitions)?))?;
    Ok(())
}

fn customers(columns: CustomerColumns, as_of: NaiveDate) -> Result<RecordBatch, Error> {
    let today = to_days(as_of);
    let registered: Int32Array = columns
        .registered_on
        .iter()
        .map(|day| day.filter(|day| *day <= today).map(|day| today - day))
        .collect();
    Ok(RecordBatch::try_from_iter_with_nullable([
        ("customer_id", integers(columns.customer_id), false),
        ("customer_type", texts(columns.customer_type), true),
        ("country", texts(columns.region_code), true),
        ("province", texts(columns.province), true),
        ("city", texts(columns.city), true),
        ("industry", texts(columns.industry_code), true),
        ("registered_days", Arc::new(registered), true),
    ])?)
}

fn orders(columns: OrderColumns, as_of: NaiveDate) -> Result<RecordBatch, Error> {
    let today = to_days(as_of);
    let months = month_ends(as_of);
    let month: Int32Array = columns.ordered_on.iter().map(|day| month(&months, *day)).collect();
    let weekday: Int32Array = columns.ordered_on.iter().map(|day| weekday(*day)).collect();
    let sale = OrderKind::Sale.number();
    let kinds = columns.kind.iter().zip(&columns.amount);
    let is_purchase: Vec<bool> = kinds.map(|(kind, amount)| *kind == sale && *amount > 0).collect();
    Ok(RecordBatch::try_from_iter_with_nullable([
        ("customer_id", integers(columns.customer_id), false),
        ("days_ago", days_ago(today, &columns.ordered_on), false),
        ("month", Arc::new(month), true),
        ("weekday", Arc::new(weekday), true),
        ("hour", Arc::new(Int32Array::from(columns.hour)), false),
        ("channel", texts(columns.channel), true),
        ("amount", amounts(columns.amount)?, false),
        ("is_purchase", Arc::new(BooleanArray::from(is_purchase)), false),
    ])?)
}

fn lines(columns: LineColumns, as_of: NaiveDate) -> Result<RecordBatch, Error> {
    let discount = columns
        .discount
        .into_iter()
        .map(|discount| discount.map(i128::from))
        .collect::<Decimal128Array>();
    Ok(RecordBatch::try_from_iter_with_nullable([
        ("customer_id", integers(columns.customer_id), false),
        ("days_ago", days_ago(to_days(as_of), &columns.ordered_on), false),
        ("category", texts(columns.category), true),
        ("brand", texts(columns.brand), true),
        ("currency", Arc::new(StringArray::from(columns.currency)), false),
        ("unit_price", amounts(columns.unit_price)?, false),
        ("discount", Arc::new(discount.with_precision_and_scale(20, 4)?), true),
        ("amount", amounts(columns.amount)?, false),
    ])?)
}

fn prices(columns: PriceColumns) -> Result<RecordBatch, Error> {
    Ok(RecordBatch::try_from_iter_with_nullable([
        ("category", Arc::new(StringArray::from(columns.category)) as ArrayRef, false),
        ("currency", Arc::new(StringArray::from(columns.currency)), false),
        ("unit_price", amounts(columns.unit_price)?, false),
        ("lines", integers(columns.lines), false),
    ])?)
}

fn integers(values: Vec<i64>) -> ArrayRef {
    Arc::new(Int64Array::from(values))
}

fn texts(values: Vec<Option<String>>) -> ArrayRef {
    Arc::new(StringArray::from(values))
}

/// Counts of 1/10,000 as decimals with four places.
fn amounts(values: Vec<i64>) -> Result<ArrayRef, Error> {
    let amounts = Decimal128Array::from_iter_values(values.into_iter().map(i128::from));
    Ok(Arc::new(amounts.with_precision_and_scale(20, 4)?))
}

fn days_ago(today: i32, days: &[i32]) -> ArrayRef {
    Arc::new(Int32Array::from_iter_values(days.iter().map(|day| today - day)))
}

/// The last days of the twelve months that end on `as_of`, and of the one before them, latest
/// first: the same day of each earlier month, or the last where a month has no such day.
fn month_ends(as_of: NaiveDate) -> Vec<i32> {
    let end =
        |months| to_days(as_of.checked_sub_months(Months::new(months)).unwrap_or(NaiveDate::MIN));
    (0..=12).map(end).collect()
}

/// 12 for a day of the latest month … 1 for the earliest, `None` before.
fn month(ends: &[i32], day: i32) -> Option<i32> {
    let later = i32::try_from(ends.partition_point(|end| *end >= day)).expect("at most 13");
    (later <= 12).then_some(13 - later)
}

fn weekday(day: i32) -> Option<i32> {
    from_days(day).and_then(|date| i32::try_from(date.weekday().number_from_monday()).ok())
}
