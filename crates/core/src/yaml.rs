//! Definitions as people write them, in YAML: the shipped ones are read by the same code, and what
//! is written here is read again as it was. Reading is strict, so that a slip of the pen is told and not passed over; whether what was read makes
//! sense is for `validate` of each definition to say.

use std::fmt;

use rust_decimal::Decimal;
use serde::de::{DeserializeOwned, Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{Label, decimal};

/// Why a text is not a definition: the path of the field, what is wrong with it, line and column.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotADefinition(String);

/// Reads a text of one document.
pub(crate) fn read<T: DeserializeOwned>(text: &str) -> Result<T, NotADefinition> {
    serde_yaml_ng::from_str(text).map_err(|error| NotADefinition(error.to_string()))
}

/// Writes a definition.
pub(crate) fn write(definition: &impl Serialize) -> String {
    serde_yaml_ng::to_string(definition).expect("a definition has texts for keys")
}

/// A text in one or both languages.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a text in zh, in en or in both")]
pub(crate) struct Words {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    zh: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    en: String,
}

impl Words {
    /// In neither language.
    pub(crate) fn is_empty(&self) -> bool {
        self.zh.is_empty() && self.en.is_empty()
    }
}

impl From<&Label> for Words {
    fn from(label: &Label) -> Self {
        Self { zh: label.zh.clone(), en: label.en.clone() }
    }
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

impl Serialize for Exact {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = self.0.normalize().to_string();
        // Without quotes where YAML's own number is written the same.
        match text.parse::<f64>() {
            Ok(number) if text.contains('.') && number.to_string() == text => {
                serializer.serialize_f64(number)
            }
            _ => match text.parse::<i64>() {
                Ok(number) => serializer.serialize_i64(number),
                Err(_) => serializer.serialize_str(&text),
            },
        }
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

/// Numbers in their shell.
pub(crate) fn exact(numbers: &[Decimal]) -> Vec<Exact> {
    numbers.iter().copied().map(Exact).collect()
}

/// Numbers without their shell.
pub(crate) fn plain(numbers: Vec<Exact>) -> Vec<Decimal> {
    numbers.into_iter().map(|number| number.0).collect()
}
