//! Where facts come from: tables that SQL can read, as they are seen from one date.

mod database;
mod derived;
mod scan;
mod tables;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::NaiveDate;
use datafusion::arrow::array::{AsArray, Int64Array, RecordBatch};
use datafusion::arrow::datatypes::Int64Type;
use kehu_core::attribute::Attributes;
use kehu_storage::facts::CustomerSet;

use crate::Error;
use crate::frame::CUSTOMER_ID;

pub(crate) use database::DatabaseFacts;
#[cfg(test)]
pub(crate) use database::FactColumns;
pub(crate) use scan::provider;
pub(crate) use tables::{ATTRIBUTES, CUSTOMERS, Table, tables};

/// Names of tables.
pub(crate) type TableNames = BTreeSet<&'static str>;

/// Something that holds the facts: a database today.
#[async_trait]
pub(crate) trait FactSource: Debug + Send + Sync {
    /// Cuts the set into smaller ones of at most `size` customers each, ascending.
    async fn split(&self, customers: &CustomerSet, size: u64) -> Result<Vec<CustomerSet>, Error>;

    /// The rows of the tables, and of `customers`, for the customers of the set, from the facts
    /// up to and including `as_of`. Of a table of the population at least what matters to them.
    async fn read(
        &self,
        customers: &CustomerSet,
        as_of: NaiveDate,
        tables: &TableNames,
    ) -> Result<Facts, Error>;

    /// The attributes that are declared; the same value as before when none was declared since.
    async fn attributes(&self) -> Result<Arc<Attributes>, Error>;

    /// Freezes what the tables of the population hold as of a date, for a run.
    async fn freeze(&self, as_of: NaiveDate, run: i64, tables: &TableNames) -> Result<(), Error>;
}

/// Rows of tables, each sorted as its table says. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Facts {
    tables: BTreeMap<&'static str, RecordBatch>,
}

impl Facts {
    /// Adds the rows of a table. [`Error::Order`] when they are not ascending by customer.
    pub(crate) fn add(&mut self, table: &Table, rows: RecordBatch) -> Result<(), Error> {
        let ordered = customer_ids(&rows).is_none_or(|ids| ids.values().is_sorted());
        if !ordered {
            return Err(Error::Order { table: table.name });
        }
        self.tables.insert(table.name, rows);
        Ok(())
    }

    pub(crate) fn table(&self, name: &str) -> Option<&RecordBatch> {
        self.tables.get(name)
    }

    /// The customers that there are, ascending.
    pub(crate) fn customers(&self) -> Int64Array {
        let ids = self.table(CUSTOMERS).and_then(customer_ids);
        ids.cloned().unwrap_or_else(|| Int64Array::from(Vec::<i64>::new()))
    }

    /// The number of rows of facts, without the customers.
    pub(crate) fn rows(&self) -> usize {
        let facts = self.tables.iter().filter(|(name, _)| **name != CUSTOMERS);
        facts.map(|(_, rows)| rows.num_rows()).sum()
    }

    /// Bytes of memory.
    pub(crate) fn bytes(&self) -> usize {
        self.tables.values().map(RecordBatch::get_array_memory_size).sum()
    }

    /// Cuts the customers into at most `count` ranges of about as many each, ascending, every
    /// one with all its rows. Tables of the population are in each.
    pub(crate) fn cut(&self, count: usize) -> Vec<Self> {
        let customers = self.customers();
        let size = customers.len().div_ceil(count.max(1)).max(1);
        let firsts = (0..customers.len()).step_by(size).map(|place| customers.value(place));
        let firsts: Vec<i64> = firsts.collect();
        let ends = firsts.iter().skip(1).copied().map(Some).chain([None]);
        let ranges = firsts.iter().zip(ends);
        ranges.map(|(first, end)| self.range(*first, end)).collect()
    }

    /// The rows of the customers from `first` to before `end`.
    fn range(&self, first: i64, end: Option<i64>) -> Self {
        let cut = |rows: &RecordBatch| {
            let Some(ids) = customer_ids(rows) else { return rows.clone() };
            let ids = ids.values();
            let from = ids.partition_point(|id| *id < first);
            let to = end.map_or(ids.len(), |end| ids.partition_point(|id| *id < end));
            rows.slice(from, to - from)
        };
        Self { tables: self.tables.iter().map(|(name, rows)| (*name, cut(rows))).collect() }
    }
}

/// Whose rows they are; `None` for a table of the population.
fn customer_ids(rows: &RecordBatch) -> Option<&Int64Array> {
    rows.column_by_name(CUSTOMER_ID)?.as_primitive_opt::<Int64Type>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_hold_every_customer_once_with_all_its_rows() {
        let mut columns = FactColumns::default();
        columns.customers.customer_id = vec![1, 3, 4, 8, 9];
        let unknown = vec![None; 5];
        columns.customers.customer_type = unknown.clone();
        columns.customers.region_code = unknown.clone();
        columns.customers.province = unknown.clone();
        columns.customers.city = unknown.clone();
        columns.customers.industry_code = unknown;
        columns.customers.registered_on = vec![None; 5];
        columns.orders.customer_id = vec![3, 3, 4, 9, 9, 9];
        columns.orders.order_id = (1..=6).collect();
        columns.orders.ordered_on = vec![0; 6];
        columns.orders.hour = vec![0; 6];
        columns.orders.kind = vec![1; 6];
        columns.orders.channel = vec![None; 6];
        columns.orders.amount = vec![1; 6];
        let facts = columns.into_facts("2024-03-31".parse().unwrap()).unwrap();
        for (count, expected) in [
            (1, vec![(5, 6)]),
            (2, vec![(3, 3), (2, 3)]),
            (7, vec![(1, 0), (1, 2), (1, 1), (1, 0), (1, 3)]),
        ] {
            let ranges = facts.cut(count).into_iter();
            let sizes = ranges.map(|range| {
                let orders = range.table("orders").map(RecordBatch::num_rows);
                (range.customers().len(), orders.unwrap())
            });
            assert_eq!(sizes.collect::<Vec<_>>(), expected, "{count}");
        }
        assert_eq!(Facts::default().cut(3).len(), 0);
    }
}
