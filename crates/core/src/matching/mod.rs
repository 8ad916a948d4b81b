//! Which records are probably one customer: the probabilistic linkage of Fellegi and Sunter, *A Theory
//! for Record Linkage* (JASA 64, 1969), with its parameters from the records themselves by Winkler,
//! *Using the EM Algorithm for Weight Computation in the Fellegi-Sunter Model of Record Linkage* (ASA
//! 1988), his *Frequency-Based Matching* (ASA 1989) and *String Comparator Metrics* (ASA 1990).
//!
//! Records that share a [`keys`] of some rule are compared field by field; each field adds a weight to
//! what is known of the pair, and the probability says itself by them.

mod block;
mod comparison;
mod estimate;
mod frequency;
mod index;
mod model;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

pub use block::{MOST_FIELDS, MOST_IN_BLOCK, Rule, keys};
pub use comparison::{Comparison, LEVELS, Level, Prepared};
pub use estimate::{Estimate, coverage};
pub use frequency::{Frequencies, Terms};
pub use index::Index;
pub use model::{Evidence, FieldModel, Model, Score};

/// A field that is compared, and how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// Its name: `display_name`, `city`, `attributes.phone`.
    pub id: String,
    /// How its values are compared.
    pub comparison: Comparison,
}

/// What is compared of a record: a value a field, where there is one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Record {
    values: Vec<Option<Prepared>>,
}

impl Record {
    /// The record with the values that `value` gives for the names of the fields.
    pub fn new<'a>(
        fields: &[Field],
        value: impl Fn(&str) -> Option<std::borrow::Cow<'a, str>>,
    ) -> Self {
        let prepare = |field: &Field| field.comparison.prepare(&value(&field.id)?);
        Self { values: fields.iter().map(prepare).collect() }
    }

    /// Of each field whether there is a value.
    pub fn has_values(&self) -> impl Iterator<Item = bool> {
        self.values.iter().map(Option::is_some)
    }
}

/// A number for the place of a record in a sample: drawn by it, a sample is the same each time and has
/// nothing to do with how records are numbered.
pub fn draw(record: i64) -> u64 {
    block::hash([record.to_string().as_str()])
}
