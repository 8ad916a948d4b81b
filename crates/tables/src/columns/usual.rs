//! What the columns of each kind of file are, and the names that they usually have.

use std::sync::LazyLock;

use serde::de::{IntoDeserializer, value::Error};
use serde::{Deserialize, Serialize};

use super::Role;

/// What the records of a file are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileKind {
    /// Lines of orders.
    Orders,
    /// Customers, one a row.
    Customers,
    /// Invoices, with a payment in each row.
    Invoices,
    /// Contacts with customers, one a row.
    Interactions,
    /// Answers to surveys, one a row.
    Surveys,
    /// What persons think of the prospects of customers, one a row.
    Assessments,
    /// Exchange rates, one a row.
    ExchangeRates,
}

impl FileKind {
    /// All of them, in the order in which they are tried on a header.
    pub const ALL: [Self; 7] = [
        Self::Orders,
        Self::Customers,
        Self::Invoices,
        Self::Interactions,
        Self::Surveys,
        Self::Assessments,
        Self::ExchangeRates,
    ];

    /// Its name in a mapping.
    pub fn name(self) -> &'static str {
        match self {
            Self::Orders => "orders",
            Self::Customers => "customers",
            Self::Invoices => "invoices",
            Self::Interactions => "interactions",
            Self::Surveys => "surveys",
            Self::Assessments => "assessments",
            Self::ExchangeRates => "exchange_rates",
        }
    }

    /// What its columns may be, the key of a record first.
    pub fn columns(self) -> impl Iterator<Item = &'static Column> {
        COLUMNS.iter().filter(move |column| column.kind == self)
    }

    /// The role of the key of a record.
    pub(crate) fn key(self) -> Role {
        self.columns().next().map_or(Role::CustomerId, |column| column.role)
    }

    /// Whether several rows may make one record, which is then complete with its last one.
    pub(crate) fn gathers(self) -> bool {
        matches!(self, Self::Orders | Self::Invoices)
    }

    /// The roles without which no record can be made, whatever else there is.
    pub(crate) fn needed(self) -> impl Iterator<Item = &'static Column> {
        self.columns().filter(|column| column.needed)
    }

    /// Whether a column of such a file may have this role.
    pub(crate) fn has(self, role: Role) -> bool {
        self.columns().any(|column| column.role == role)
    }
}

/// What a column of a kind of file may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    kind: FileKind,
    /// What it holds.
    pub role: Role,
    /// Whether no record can be made without it.
    pub needed: bool,
    /// The names that it usually has, folded; none where it has to be stated.
    pub names: Vec<&'static str>,
}

static COLUMNS: LazyLock<Vec<Column>> =
    LazyLock::new(|| include_str!("usual.txt").lines().filter_map(column).collect());

/// A line of `usual.txt`; a test reads every one.
fn column(line: &'static str) -> Option<Column> {
    let mut words = line.split_ascii_whitespace();
    let (kind, role) = (words.next()?, words.next()?);
    let (role, needed) = role.strip_suffix('!').map_or((role, false), |role| (role, true));
    Some(Column { kind: named(kind)?, role: named(role)?, needed, names: words.collect() })
}

fn named<T: for<'de> Deserialize<'de>>(name: &'static str) -> Option<T> {
    let name = IntoDeserializer::<Error>::into_deserializer(name);
    T::deserialize(name).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::columns::fold;

    #[test]
    fn every_line_is_read() {
        let lines = include_str!("usual.txt").lines();
        let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
        assert_eq!(lines.count(), COLUMNS.len());
        for column in COLUMNS.iter() {
            assert_eq!(column.names, column.names.iter().map(|n| fold(n)).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_role_is_named_as_it_is_written() {
        for kind in FileKind::ALL {
            assert_eq!(named(kind.name()), Some(kind));
            assert!(kind.columns().count() > 2);
            for column in kind.columns() {
                assert_eq!(named(column.role.name()), Some(column.role));
            }
        }
    }
}
