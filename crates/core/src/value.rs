//! One value of a feature.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// A feature's value for one customer as of a date. `Null` means that there is nothing to
/// measure; it is never a silent zero.
///
/// In JSON `"null"`, `{"bool": true}`, `{"number": "12.5"}`, `{"text": "12"}`: a category that
/// looks like a number stays a category.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_keeps_the_kind() {
        let number = Value::Number(Decimal::new(125, 1));
        for value in [Value::Null, Value::Bool(true), number, Value::Text("12".to_owned())] {
            let json = serde_json::to_string(&value).unwrap();
            assert_eq!(serde_json::from_str::<Value>(&json).unwrap(), value, "{json}");
        }
    }
}
