//! A report as a table of typed columns, from which its CSV, its messages and its page follow.

use chrono::NaiveDate;
use futures::stream::{self, BoxStream, StreamExt};
use kehu_core::Label;
use kehu_server::Fault;
use rust_decimal::Decimal;

/// What the cells of a column are, besides null.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// An id or a code of ours.
    Id,
    /// A text from outside, or shown to people.
    Text,
    /// A date.
    Date,
    /// A whole number.
    Count,
    /// An amount in the base currency, four decimals.
    Amount,
    /// A share, 0 to 1, four decimals.
    Share,
    /// Another number, four decimals.
    Number,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Column {
    /// Its name for programs, the same in every language.
    pub(crate) id: String,
    /// What it is called.
    pub(crate) label: Label,
    /// What it holds.
    pub(crate) kind: Kind,
    /// What it means, where its label does not say it.
    pub(crate) definition: Option<Label>,
}

/// A field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Cell {
    /// Nothing to say.
    Null,
    /// An id or a code of ours.
    Id(String),
    /// A text.
    Text(String),
    /// A date.
    Date(NaiveDate),
    /// A whole number.
    Count(i64),
    /// An amount, a share or another number.
    Number(Decimal),
}

/// A row: a cell a column.
pub(crate) type Row = Vec<Cell>;

/// Columns, and rows that come in parts.
pub(crate) struct Table {
    /// The columns.
    pub(crate) columns: Vec<Column>,
    /// The rows.
    pub(crate) parts: BoxStream<'static, Result<Vec<Row>, Fault>>,
}

impl Table {
    /// A table that is there at once.
    pub(crate) fn new(columns: &[(&str, Kind, &str, &str)], rows: Vec<Row>) -> Self {
        let columns = columns.iter().map(|column| Column::new(*column)).collect();
        Self { columns, parts: stream::iter([Ok(rows)]).boxed() }
    }

    /// The same table with definitions: the id of a column and what it means, in Chinese and English.
    pub(crate) fn with_definitions(mut self, definitions: &[(&str, &str, &str)]) -> Self {
        for column in &mut self.columns {
            let defined = definitions.iter().find(|(id, ..)| *id == column.id);
            column.definition = defined.map(|(_, zh, en)| Label::new(zh, en));
        }
        self
    }
}

impl Column {
    /// A column: its id, what it holds, and what it is called in Chinese and English.
    pub(crate) fn new((id, kind, zh, en): (&str, Kind, &str, &str)) -> Self {
        Self { id: id.to_owned(), label: Label::new(zh, en), kind, definition: None }
    }
}

impl Cell {
    /// An id or a code of ours.
    pub(crate) fn id(text: &str) -> Self {
        Self::Id(text.to_owned())
    }

    /// A text.
    pub(crate) fn text(text: &str) -> Self {
        Self::Text(text.to_owned())
    }

    /// A number that may be missing.
    pub(crate) fn optional(number: Option<Decimal>) -> Self {
        number.map_or(Self::Null, Self::Number)
    }

    /// A date that may be missing.
    pub(crate) fn optional_date(date: Option<NaiveDate>) -> Self {
        date.map_or(Self::Null, Self::Date)
    }
}
