//! One value of a feature.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// A feature's value for one customer as of a date. `Null` means that there is nothing to
/// measure; it is never a silent zero.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// Nothing to measure.
    #[default]
    Null,
    /// True or false.
    Bool(bool),
    /// A count, rate, number of days or amount of money in the base currency, exact.
    Number(Decimal),
    /// A category.
    Text(String),
}

impl Value {
    /// The number, or `None` for every other kind.
    pub fn number(&self) -> Option<Decimal> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Null | Self::Bool(_) | Self::Text(_) => None,
        }
    }
}
