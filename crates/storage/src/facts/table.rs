//! Facts of a kind of record that are read as they are.

use chrono::NaiveDate;

use super::{CustomerSet, slice};
use crate::bulk::{Column, ColumnType};
use crate::ingestion::KINDS;
use crate::{Database, Error, time};

/// A table of facts: what a SELECT gives, whose date is in its rows.
#[derive(Debug)]
pub struct FactTable {
    /// Its name in the SQL of features.
    pub name: &'static str,
    /// The columns that it has after `customer_id`.
    pub columns: &'static [FactColumn],
    /// The columns that the rows of a customer are sorted by, and whether each falls.
    pub sorted_by: &'static [(&'static str, bool)],
    /// A SELECT of `customer_id` and the columns, sorted by customer and then by `sorted_by`.
    /// `{customers}` stands for the condition on the column `customer_id`, `$1` is the day through
    /// which facts count.
    pub(crate) sql: &'static str,
}

/// A column of a table of facts.
#[derive(Debug)]
pub struct FactColumn {
    /// Its name.
    pub name: &'static str,
    /// What it holds.
    pub kind: FactType,
    /// Whether it may be null.
    pub nullable: bool,
}

/// What a column of facts holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FactType {
    /// Whole numbers: [`Column::I32`] or [`Column::OptI32`].
    Integer,
    /// Amounts, counts of 1/10,000: [`Column::I64`] or [`Column::OptI64`].
    Amount,
    /// Texts: [`Column::Text`] or [`Column::OptText`].
    Text,
}

/// The tables of all kinds of record.
pub fn tables() -> impl Iterator<Item = &'static FactTable> {
    KINDS.iter().flat_map(|kind| kind.facts)
}

impl FactColumn {
    /// A column that is never null.
    pub const fn new(name: &'static str, kind: FactType) -> Self {
        Self { name, kind, nullable: false }
    }

    /// A column that may be null.
    pub const fn nullable(name: &'static str, kind: FactType) -> Self {
        Self { name, kind, nullable: true }
    }

    fn column_type(&self) -> ColumnType {
        match (self.kind, self.nullable) {
            (FactType::Integer, false) => ColumnType::I32,
            (FactType::Integer, true) => ColumnType::OptI32,
            (FactType::Amount, false) => ColumnType::I64,
            (FactType::Amount, true) => ColumnType::OptI64,
            (FactType::Text, false) => ColumnType::Text,
            (FactType::Text, true) => ColumnType::OptText,
        }
    }
}

impl FactTable {
    /// The rows of the customers of the set as they are seen from the day `through`: first the
    /// numbers of the customers, then the columns.
    pub async fn read(
        &self,
        db: &Database,
        set: &CustomerSet,
        through: NaiveDate,
    ) -> Result<Vec<Column>, Error> {
        let mut types = vec![("customer_id", ColumnType::I64)];
        types.extend(self.columns.iter().map(|column| (column.name, column.column_type())));
        let mut columns: Vec<Column> = types.iter().map(|(_, kind)| Column::new(*kind)).collect();
        for slice in slice::to_read(db, set).await? {
            let values = [time::days(through).into()];
            let read = slice.read_all(db, self.sql, &values, &types).await?;
            for (column, more) in columns.iter_mut().zip(read) {
                column.append(more)?;
            }
        }
        Ok(columns)
    }
}
