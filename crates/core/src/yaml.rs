//! Definitions as people write them, in YAML: the shipped ones are read by the same code. Reading
//! is strict, so that a slip of the pen is told and not passed over; whether what was read makes
//! sense is for `validate` of each definition to say.

use std::fmt;

use rust_decimal::Decimal;
use serde::de::{DeserializeOwned, Error, Visitor};
use serde::{Deserialize, Deserializer};

use crate::{Label, decimal};

/// Why a text is not a definition: the path of the field, what is wrong with it, line and column.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotADefinition(String);

/// Reads a text of one document.
pub(crate) fn read<T: DeserializeOwned>(text: &str) -> Result<T, NotADefinition> {
    serde_yaml_ng::from_str(text).map_err(|error| NotADefinition(error.to_string()))
}

/// A text in one or both languages.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a text in zh, in en or in both")]
pub(crate) struct Words {
    #[serde(default)]
    zh: String,
    #[serde(default)]
    en: String,
}

impl From<Words> for Label {
    fn from(words: Words) -> Self {
        Self { zh: words.zh, en: words.en }
    }
}

/// A number, exactly as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Exact(pub(crate) Decimal);

impl<'de> Deserialize<'de> for Exact {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // As a text: YAML's own numbers are binary.
        deserializer.deserialize_str(Digits)
    }
}

struct Digits;

impl Visitor<'_> for Digits {
    type Value = Exact;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a number")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Exact, E> {
        number(text).map(Exact)
    }
}

/// The number that `text` writes.
pub(crate) fn number<E: Error>(text: &str) -> Result<Decimal, E> {
    decimal::parse(text).map_err(|error| match error {
        decimal::NotANumber::Invalid => E::custom(format!("{text:?} is not a number")),
        decimal::NotANumber::OutOfRange => {
            E::custom(format!("{text:?} has more digits than can be kept"))
        }
    })
}

/// Numbers without their shell.
pub(crate) fn plain(numbers: Vec<Exact>) -> Vec<Decimal> {
    numbers.into_iter().map(|number| number.0).collect()
}
