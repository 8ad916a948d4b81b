//! Facts from the database.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{Datelike, Months, NaiveDate};
use datafusion::arrow::array::{
    ArrayRef, BooleanArray, Decimal128Array, Int32Array, Int64Array, RecordBatch, StringArray,
};
use kehu_core::attribute::Attributes;
use kehu_core::calendar::{from_days, to_days};
use kehu_core::city_tier::CityTiers;
use kehu_core::{Money, decimal, division};
use kehu_storage::Database;
use kehu_storage::bulk::Column;
use kehu_storage::facts::{
    self, AttributeColumns, CustomerColumns, CustomerSet, LineColumns, OrderColumns, PriceColumns,
};
use kehu_storage::ingestion::OrderKind;
use kehu_storage::ingestion::attributes::DeclaredAttributes;
use kehu_storage::ingestion::city_tiers::HeldCityTiers;

use super::tables::{self, AMOUNT, ATTRIBUTES, LINES, ORDERS, PRICES};
use super::{FactSource, Facts, Table, TableNames, derived};
use crate::Error;

/// Facts of a database.
#[derive(Debug)]
pub(crate) struct DatabaseFacts {
    db: Database,
    attributes: DeclaredAttributes,
    city_tiers: HeldCityTiers,
}

impl DatabaseFacts {
    pub(crate) fn new(db: Database) -> Self {
        let attributes = DeclaredAttributes::new(db.clone());
        Self { attributes, city_tiers: HeldCityTiers::new(db.clone()), db }
    }
}

#[async_trait]
impl FactSource for DatabaseFacts {
    async fn split(&self, customers: &CustomerSet, size: u64) -> Result<Vec<CustomerSet>, Error> {
        Ok(facts::split(&self.db, customers, size).await?)
    }

    /// Of the prices those of the categories that the customers bought.
    async fn read(
        &self,
        set: &CustomerSet,
        as_of: NaiveDate,
        wanted: &TableNames,
    ) -> Result<Facts, Error> {
        let db = &self.db;
        let (orders, lines) = (wanted.contains(ORDERS), wanted.contains(LINES));
        let (customers, orders, lines) = tokio::try_join!(
            facts::customers(db, set, as_of),
            async {
                match orders {
                    true => facts::orders(db, set, as_of).await,
                    false => Ok(OrderColumns::default()),
                }
            },
            async {
                match lines || wanted.contains(PRICES) {
                    true => facts::lines(db, set, as_of).await,
                    false => Ok(LineColumns::default()),
                }
            },
        )?;
        let mut columns = FactColumns { customers, orders, lines, ..FactColumns::default() };
        if wanted.contains(ATTRIBUTES) {
            columns.attributes = facts::attributes(db, set, as_of).await?;
            columns.city_tiers = Some(self.city_tiers.current().await?);
        }
        if wanted.contains(PRICES) {
            let categories = columns.lines.categories();
            columns.prices = facts::prices(db, &categories, as_of).await?;
        }
        let mut facts = columns.into_facts(as_of)?;
        for kind in facts::tables().filter(|table| wanted.contains(table.name)) {
            let rows = kind.read(db, set, as_of).await?;
            let table = tables::of_kind(kind);
            facts.add(&table, rows_of_kind(&table, rows)?)?;
        }
        Ok(facts)
    }

    async fn attributes(&self) -> Result<Arc<Attributes>, Error> {
        Ok(self.attributes.current().await?)
    }

    async fn freeze(&self, as_of: NaiveDate, run: i64, wanted: &TableNames) -> Result<(), Error> {
        if !wanted.contains(PRICES) {
            return Ok(());
        }
        Ok(facts::freeze_prices(&self.db, as_of, run).await?)
    }
}

/// Facts of some customers as they are read.
#[derive(Debug, Clone, Default)]
pub(crate) struct FactColumns {
    pub(crate) customers: CustomerColumns,
    pub(crate) attributes: AttributeColumns,
    /// `None` where nobody asks for them.
    pub(crate) city_tiers: Option<Arc<CityTiers>>,
    pub(crate) orders: OrderColumns,
    pub(crate) lines: LineColumns,
    pub(crate) prices: PriceColumns,
}

impl FactColumns {
    /// The tables as they are seen from `as_of`.
    pub(crate) fn into_facts(self, as_of: NaiveDate) -> Result<Facts, Error> {
        let mut facts = Facts::default();
        let table = tables::attributes();
        let rows = match &self.city_tiers {
            Some(tiers) => derived::add(self.attributes, &self.customers, tiers, as_of),
            None => self.attributes,
        };
        facts.add(&table, attributes(&table, rows, as_of)?)?;
        let table = tables::customers();
        facts.add(&table, customers(&table, self.customers, as_of)?)?;
        let table = tables::orders();
        facts.add(&table, orders(&table, self.orders, as_of)?)?;
        let table = tables::prices();
        facts.add(&table, prices(&table, self.prices, &self.lines)?)?;
        let table = tables::lines();
        facts.add(&table, lines(&table, self.lines, as_of)?)?;
        Ok(facts)
    }
}

fn customers(
    table: &Table,
    columns: CustomerColumns,
    as_of: NaiveDate,
) -> Result<RecordBatch, Error> {
    let today = to_days(as_of);
    let registered: Int32Array = columns
        .registered_on
        .iter()
        .map(|day| day.filter(|day| *day <= today).map(|day| today - day))
        .collect();
    let (mut provinces, mut cities) = (Vec::new(), Vec::new());
    for (row, country) in columns.region_code.iter().enumerate() {
        let (province, city) = (columns.province[row].as_deref(), columns.city[row].as_deref());
        let place = division::place(country.as_deref(), province, city);
        provinces.push(place.province);
        cities.push(place.city);
    }
    let [section, division, group, class] =
        [1, 3, 4, 5].map(|length| beginnings(&columns.industry_code, length));
    let columns = vec![
        integers(columns.customer_id),
        texts(columns.customer_type),
        texts(columns.region_code),
        texts(columns.province),
        texts(columns.city),
        texts(provinces),
        texts(cities),
        texts(columns.industry_code),
        section,
        division,
        group,
        class,
        Arc::new(registered),
    ];
    Ok(RecordBatch::try_new(Arc::clone(&table.schema), columns)?)
}

/// A value is read as whatever it can be: its attribute says which of these it is.
fn attributes(
    table: &Table,
    columns: AttributeColumns,
    as_of: NaiveDate,
) -> Result<RecordBatch, Error> {
    let values = &columns.value;
    let numbers = values.iter().map(|value| decimal::parse(value).ok());
    let numbers = numbers.map(|number| Some(Money::from_decimal(number?).ok()?.0)).collect();
    let dates: Vec<Option<NaiveDate>> = values.iter().map(|value| value.parse().ok()).collect();
    let days = dates.iter().map(|date| date.map(|date| to_days(as_of) - to_days(date)));
    let years = dates.iter().map(|date| as_of.years_since((*date)?));
    let years = years.map(|years| years.and_then(|years| i32::try_from(years).ok()));
    let (days, years) = (Int32Array::from_iter(days), Int32Array::from_iter(years));
    let columns: Vec<ArrayRef> = vec![
        integers(columns.customer_id),
        Arc::new(StringArray::from(columns.attribute)),
        Arc::new(StringArray::from(columns.value)),
        optional_amounts(numbers),
        Arc::new(days),
        Arc::new(years),
    ];
    Ok(RecordBatch::try_new(Arc::clone(&table.schema), columns)?)
}

fn orders(table: &Table, columns: OrderColumns, as_of: NaiveDate) -> Result<RecordBatch, Error> {
    let today = to_days(as_of);
    let months = month_ends(as_of);
    let month: Int32Array = columns.ordered_on.iter().map(|day| month(&months, *day)).collect();
    let weekday: Int32Array = columns.ordered_on.iter().map(|day| weekday(*day)).collect();
    let sale = OrderKind::Sale.number();
    let kinds = columns.kind.iter().zip(&columns.amount);
    let is_purchase: Vec<bool> = kinds.map(|(kind, amount)| *kind == sale && *amount > 0).collect();
    let columns = vec![
        integers(columns.customer_id),
        days_ago(today, &columns.ordered_on),
        Arc::new(month),
        Arc::new(weekday),
        Arc::new(Int32Array::from(columns.hour)),
        texts(columns.channel),
        amounts(columns.amount),
        Arc::new(BooleanArray::from(is_purchase)),
    ];
    Ok(RecordBatch::try_new(Arc::clone(&table.schema), columns)?)
}

fn lines(table: &Table, columns: LineColumns, as_of: NaiveDate) -> Result<RecordBatch, Error> {
    let columns = vec![
        integers(columns.customer_id),
        days_ago(to_days(as_of), &columns.ordered_on),
        texts(columns.category),
        texts(columns.brand),
        Arc::new(StringArray::from(columns.currency)),
        amounts(columns.unit_price),
        optional_amounts(columns.discount),
        amounts(columns.amount),
    ];
    Ok(RecordBatch::try_new(Arc::clone(&table.schema), columns)?)
}

/// The prices that are frozen, and those of the lines that are not among them: they have a place
/// among the others and no weight, so that they move nobody's.
fn prices(table: &Table, columns: PriceColumns, paid: &LineColumns) -> Result<RecordBatch, Error> {
    let frozen = columns.category.into_iter().zip(columns.currency).zip(columns.unit_price);
    // Sorted byte by byte, whatever the database takes for the order of texts.
    let mut sorted: BTreeMap<_, _> = frozen.zip(columns.lines).collect();
    for (place, category) in paid.category.iter().enumerate() {
        let Some(category) = category else { continue };
        let key = ((category.clone(), paid.currency[place].clone()), paid.unit_price[place]);
        sorted.entry(key).or_insert(0);
    }
    let categories = sorted.keys().map(|((category, _), _)| category);
    let currencies = sorted.keys().map(|((_, currency), _)| currency);
    let columns: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from_iter_values(categories)),
        Arc::new(StringArray::from_iter_values(currencies)),
        amounts(sorted.keys().map(|(_, price)| *price).collect()),
        integers(sorted.values().copied().collect()),
    ];
    Ok(RecordBatch::try_new(Arc::clone(&table.schema), columns)?)
}

/// Rows as they are read.
fn rows_of_kind(table: &Table, columns: Vec<Column>) -> Result<RecordBatch, Error> {
    let fields = table.schema.fields().iter();
    let arrays = fields.zip(columns).map(|(field, column)| match column {
        Column::I64(values) if *field.data_type() == AMOUNT => amounts(values),
        Column::I64(values) => integers(values),
        Column::OptI64(values) => optional_amounts(values),
        Column::I32(values) => Arc::new(Int32Array::from(values)),
        Column::OptI32(values) => Arc::new(Int32Array::from(values)),
        Column::Text(values) => Arc::new(StringArray::from(values)),
        Column::OptText(values) => texts(values),
    });
    Ok(RecordBatch::try_new(Arc::clone(&table.schema), arrays.collect())?)
}

/// The beginnings of codes, null where one is shorter.
fn beginnings(codes: &[Option<String>], length: usize) -> ArrayRef {
    let beginnings = codes.iter().map(|code| code.as_deref().and_then(|code| code.get(..length)));
    Arc::new(beginnings.collect::<StringArray>())
}

fn integers(values: Vec<i64>) -> ArrayRef {
    Arc::new(Int64Array::from(values))
}

fn texts(values: Vec<Option<String>>) -> ArrayRef {
    Arc::new(StringArray::from(values))
}

/// Counts of 1/10,000 as decimals with four places.
fn amounts(values: Vec<i64>) -> ArrayRef {
    let amounts = Decimal128Array::from_iter_values(values.into_iter().map(i128::from));
    Arc::new(amounts.with_data_type(AMOUNT))
}

fn optional_amounts(values: Vec<Option<i64>>) -> ArrayRef {
    let amounts = values.into_iter().map(|amount| amount.map(i128::from));
    Arc::new(amounts.collect::<Decimal128Array>().with_data_type(AMOUNT))
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
