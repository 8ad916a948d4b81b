//! The columns that a predicate may use.

use datafusion::common::utils::datafusion_strsim::levenshtein;

use crate::ColumnKind;

/// Names and kinds of columns, in the order they were added.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Schema {
    columns: Vec<(String, ColumnKind)>,
    /// Columns that there would be, and why they cannot be used.
    blocked: Vec<(String, String)>,
}

impl Schema {
    /// Adds a column; one of the same name gets the new kind.
    pub fn add(&mut self, name: impl Into<String>, kind: ColumnKind) {
        let name = name.into();
        match self.columns.iter_mut().find(|(known, _)| *known == name) {
            Some((_, held)) => *held = kind,
            None => self.columns.push((name, kind)),
        }
    }

    /// Says why a column cannot be used.
    pub fn block(&mut self, name: impl Into<String>, reason: impl Into<String>) {
        self.blocked.push((name.into(), reason.into()));
    }

    /// Why a column cannot be used; `None` when there is no such column, or nothing against it.
    pub fn blocked(&self, name: &str) -> Option<&str> {
        self.blocked.iter().find(|(known, _)| known == name).map(|(_, reason)| reason.as_str())
    }

    /// The kind of a column, `None` when there is no such column.
    pub fn kind(&self, name: &str) -> Option<ColumnKind> {
        self.columns.iter().find(|(known, _)| known == name).map(|(_, kind)| *kind)
    }

    /// The names of the columns.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|(name, _)| name.as_str())
    }
}

/// At most three of `names`, the most similar to `wanted` first, by the number of letters to
/// change; names that have little in common with it are left out.
pub(crate) fn nearest<'a>(wanted: &str, names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let furthest = (wanted.len() / 3).clamp(1, 5);
    let mut near: Vec<(usize, &str)> = names
        .map(|name| (levenshtein(wanted, name), name))
        .filter(|(distance, _)| *distance <= furthest)
        .collect();
    near.sort_unstable();
    near.into_iter().take(3).map(|(_, name)| name.to_owned()).collect()
}
