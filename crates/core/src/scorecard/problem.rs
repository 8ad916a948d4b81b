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

/// What [`is_id`] asks for, as the message of a problem.
pub(crate) const ID_RULE: &str = "must be a lower-case letter followed by lower-case letters, digits and \
                       hyphens, at most 63 characters";

/// Whether `text` can be the id of a scorecard, an indicator, a taxonomy or a class: a
/// lower-case letter, then lower-case letters, digits and hyphens; at most 63 characters.
pub(crate) fn is_id(text: &str) -> bool {
    let mut bytes = text.bytes();
    let starts = bytes.next().is_some_and(|first| first.is_ascii_lowercase());
    starts
        && text.len() <= 63
        && bytes.all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::is_id;

    #[test]
    fn ids() {
        for (text, good) in [
            ("rfm", true),
            ("rfm-11", true),
            ("a", true),
            ("", false),
            ("11-rfm", false),
            ("-rfm", false),
            ("Rfm", false),
            ("rfm_mean", false),
            ("客户", false),
        ] {
            assert_eq!(is_id(text), good, "{text:?}");
        }
        assert!(!is_id(&"a".repeat(64)));
    }
}
