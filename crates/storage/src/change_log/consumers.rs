//! The names of the cursors of those who make scores, classes and codes.

/// Scores, of facts.
pub const SCORES: &str = "scoring";
/// Classes under taxonomies over features alone, of facts.
pub const CLASSES_OF_FACTS: &str = "coding-facts";
/// Classes under taxonomies that read scores.
pub const CLASSES_OF_SCORES: &str = "coding";
/// Codes of schemes without a taxonomy, of facts.
pub const CODES_OF_FACTS: &str = "codes-facts";
/// Codes of schemes over a taxonomy.
pub const CODES_OF_CLASSES: &str = "codes";
