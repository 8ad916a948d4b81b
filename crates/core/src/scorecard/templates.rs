//! Scorecards that are ready to use by name, one file each in `templates/scorecards`.

use std::sync::LazyLock;

use super::definition::Scorecard;

/// The files: their names and texts.
pub(super) const FILES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/scorecards.rs"));

/// Every template, by id. The comment at the head of each file says what it is.
pub fn templates() -> Vec<Scorecard> {
    static TEMPLATES: LazyLock<Vec<Scorecard>> = LazyLock::new(|| {
        let read = |(name, text): &(&str, &str)| {
            Scorecard::from_yaml(text).unwrap_or_else(|error| panic!("{name}: {error}"))
        };
        FILES.iter().map(read).collect()
    });
    TEMPLATES.clone()
}
