//! What is wrong with a definition.

use serde::{Deserialize, Serialize};

/// One fault of a scorecard or a taxonomy: where it is and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// Path of the field from the root of the definition, such as `indicators[2].weight`.
    pub field: String,
    /// The fault in one lower-case sentence.
    pub message: String,
}

/// A [`Problem`] from its two texts.
pub(crate) fn problem(field: impl Into<String>, message: impl Into<String>) -> Problem {
    Problem { field: field.into(), message: message.into() }
}
