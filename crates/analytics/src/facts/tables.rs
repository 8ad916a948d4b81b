//! The tables that the SQL of features reads.
//!
//! | table | columns |
//! |---|---|
//! | `customers` | `customer_id`, `customer_type`, `country`, `province`, `city`, `province_code` and `city_code` (GB/T 2260; abroad ISO 3166-2 as given), `industry` (GB/T 4754) with `industry_section`, `industry_division`, `industry_group` and `industry_class`, `registered_days` (days from the registration to the date; null when it is unknown or later) |
//! | `orders` | `customer_id`, `days_ago` (0 on the date), `month` (12 the month that ends on the date, 11 the one before … 1; else null), `weekday` (1 Monday … 7 Sunday), `hour` (0 to 23), `channel`, `amount` (base currency, of a return negative), `is_purchase` (a completed sale with an amount above zero) |
//! | `lines` | of completed sales: `customer_id`, `days_ago`, `category`, `brand`, `currency`, `unit_price` (in that currency), `amount`, `discount` (base currency) |
//! | `attributes` | one row a customer and attribute: `customer_id`, `attribute` (its id), `text` (its value), `number` (the value of a number), `days_ago` and `years_ago` (days and whole years from the value of a date to the date; below 0 days and null years for one to come); what follows from several, too: `.enterprise_size`, `.city_tier` |
//! | `prices` | of all customers, frozen by runs, and those of the lines asked about: `category`, `currency`, `unit_price`, `lines` (how many were sold at it before the month of the date, 0 when none) |
//!
//! Further tables are those of the kinds of record, whose files in storage describe them
//! ([`FactTable`]).
//!
//! A window of N days `(as_of - N, as_of]` is `days_ago < N`. The date is in the rows and not in
//! the SQL, so that a plan is made once for all dates.

use std::sync::Arc;

use datafusion::arrow::datatypes::DataType::{Boolean, Decimal128, Int32, Int64, Utf8};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use kehu_storage::facts::{self, FactTable, FactType};

use crate::frame::CUSTOMER_ID;

/// The table that every question is about.
pub(crate) const CUSTOMERS: &str = "customers";
pub(crate) const ORDERS: &str = "orders";
pub(crate) const LINES: &str = "lines";
pub(crate) const ATTRIBUTES: &str = "attributes";
/// The table of the population.
pub(crate) const PRICES: &str = "prices";

/// Digits and decimals of an amount.
pub(super) const AMOUNT: DataType = Decimal128(20, 4);

/// A table of facts. The first column is `customer_id`, unless it is of the population.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    pub(crate) name: &'static str,
    pub(crate) schema: SchemaRef,
    /// What the rows are sorted by, and whether it falls.
    pub(crate) sorted_by: Vec<(&'static str, bool)>,
}

/// Every table.
pub(crate) fn tables() -> Vec<Table> {
    let mut tables = vec![customers(), attributes(), lines(), orders(), prices()];
    tables.extend(facts::tables().map(of_kind));
    tables
}

/// What is read of a kind of record.
pub(super) fn of_kind(facts: &FactTable) -> Table {
    let data_type = |kind| match kind {
        FactType::Integer => Int32,
        FactType::Amount => AMOUNT,
        FactType::Text => Utf8,
    };
    let columns = facts.columns.iter();
    let columns = columns.map(|column| (column.name, data_type(column.kind), column.nullable));
    let columns = std::iter::once((CUSTOMER_ID, Int64, false)).chain(columns);
    let mut sorted_by = vec![(CUSTOMER_ID, false)];
    sorted_by.extend(facts.sorted_by);
    table(facts.name, columns, sorted_by)
}

pub(super) fn customers() -> Table {
    let columns = [
        ("customer_id", Int64, false),
        ("customer_type", Utf8, true),
        ("country", Utf8, true),
        ("province", Utf8, true),
        ("city", Utf8, true),
        ("province_code", Utf8, true),
        ("city_code", Utf8, true),
        ("industry", Utf8, true),
        ("industry_section", Utf8, true),
        ("industry_division", Utf8, true),
        ("industry_group", Utf8, true),
        ("industry_class", Utf8, true),
        ("registered_days", Int32, true),
    ];
    table(CUSTOMERS, columns, [("customer_id", false)])
}

pub(super) fn orders() -> Table {
    let columns = [
        ("customer_id", Int64, false),
        ("days_ago", Int32, false),
        ("month", Int32, true),
        ("weekday", Int32, true),
        ("hour", Int32, false),
        ("channel", Utf8, true),
        ("amount", AMOUNT, false),
        ("is_purchase", Boolean, false),
    ];
    table(ORDERS, columns, [("customer_id", false), ("days_ago", true)])
}

pub(super) fn lines() -> Table {
    let columns = [
        ("customer_id", Int64, false),
        ("days_ago", Int32, false),
        ("category", Utf8, true),
        ("brand", Utf8, true),
        ("currency", Utf8, false),
        ("unit_price", AMOUNT, false),
        ("discount", AMOUNT, true),
        ("amount", AMOUNT, false),
    ];
    table(LINES, columns, [("customer_id", false), ("days_ago", true)])
}

pub(super) fn attributes() -> Table {
    let columns = [
        ("customer_id", Int64, false),
        ("attribute", Utf8, false),
        ("text", Utf8, false),
        ("number", AMOUNT, true),
        ("days_ago", Int32, true),
        ("years_ago", Int32, true),
    ];
    table(ATTRIBUTES, columns, [("customer_id", false)])
}

pub(super) fn prices() -> Table {
    let columns = [
        ("category", Utf8, false),
        ("currency", Utf8, false),
        ("unit_price", AMOUNT, false),
        ("lines", Int64, false),
    ];
    let order = [("category", false), ("currency", false), ("unit_price", false)];
    table(PRICES, columns, order)
}

fn table(
    name: &'static str,
    columns: impl IntoIterator<Item = (&'static str, DataType, bool)>,
    sorted_by: impl Into<Vec<(&'static str, bool)>>,
) -> Table {
    let columns = columns.into_iter();
    let fields: Vec<Field> =
        columns.map(|(name, kind, nullable)| Field::new(name, kind, nullable)).collect();
    Table { name, schema: Arc::new(Schema::new(fields)), sorted_by: sorted_by.into() }
}
