//! A code table made ready for one segment.

use std::collections::BTreeMap;

use crate::scorecard::{Problem, problem};

use super::CodeTable;
use super::template::{is_attribute, is_reserved};

/// A code table with every code padded to the width of its segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PaddedTable {
    codes: BTreeMap<String, String>,
    meanings: BTreeMap<String, String>,
    unknown: String,
    passthrough: bool,
}

impl PaddedTable {
    /// Pads `table`, whose codes all fit `width`.
    pub(super) fn new(table: &CodeTable, width: usize) -> Self {
        let mut codes = BTreeMap::new();
        let mut meanings: BTreeMap<String, String> = BTreeMap::new();
        for (value, code) in &table.entries {
            let code = padded(code, width);
            let meaning = meanings.entry(code.clone()).or_default();
            if !meaning.is_empty() {
                meaning.push_str(" / ");
            }
            meaning.push_str(value);
            codes.insert(value.clone(), code);
        }
        let unknown = padded(&table.unknown, width);
        Self { codes, meanings, unknown, passthrough: table.passthrough }
    }

    /// The code of a value; never fails, because there is a code for unknown.
    pub(super) fn code(&self, value: Option<&str>) -> String {
        let Some(value) = value else { return self.unknown.clone() };
        if let Some(code) = self.codes.get(value) {
            return code.clone();
        }
        let itself = value.to_ascii_uppercase();
        if self.passthrough && is_code(&itself) && itself.len() == self.unknown.len() {
            return itself;
        }
        self.unknown.clone()
    }

    /// Whether `code`, already of the right width, can have come from this table.
    pub(super) fn holds(&self, code: &str) -> bool {
        code == self.unknown
            || self.meanings.contains_key(code)
            || (self.passthrough && is_code(code))
    }

    /// The values that have this code, joined by ` / `; `None` for the code of unknown.
    pub(super) fn meaning(&self, code: &str) -> Option<String> {
        if code == self.unknown {
            return None;
        }
        Some(self.meanings.get(code).map_or(code, String::as_str).to_owned())
    }

    /// Whether a code of this table may hold a letter.
    pub(super) fn may_hold_letters(&self) -> bool {
        let has_letter = |code: &String| code.bytes().any(|byte| byte.is_ascii_alphabetic());
        self.passthrough || has_letter(&self.unknown) || self.meanings.keys().any(has_letter)
    }
}

impl CodeTable {
    /// Every code of the table with the field that holds it; that of unknown comes first.
    pub(super) fn fields(&self) -> impl Iterator<Item = (String, &str)> {
        let entries = self.entries.iter();
        std::iter::once(("unknown".to_owned(), self.unknown.as_str()))
            .chain(entries.map(|(value, code)| (format!("entries[{value}]"), code.as_str())))
    }

    /// The one width of all codes, or `None` where they differ.
    pub(super) fn common_width(&self) -> Option<usize> {
        let width = self.unknown.len();
        self.entries.values().all(|code| code.len() == width).then_some(width)
    }

    /// The faults that do not depend on the template; `path` is that of the table.
    pub(super) fn faults(&self, path: &str) -> Vec<Problem> {
        let mut faults = Vec::new();
        let attribute = format!("{path}.attribute");
        if is_reserved(&self.attribute) {
            faults.push(problem(attribute, "is a word of the template and needs no table"));
        } else if !is_attribute(&self.attribute) {
            faults.push(problem(attribute, "use lower-case letters, digits and `_`"));
        }
        for (field, code) in self.fields() {
            let field = format!("{path}.{field}");
            if !is_code(code) {
                let message = format!("{code:?} is not a code: use upper-case letters and digits");
                faults.push(problem(field, message));
            }
        }
        faults
    }

    /// The faults of a segment of `width`: codes that are too wide, and different codes that
    /// become the same once padded.
    pub(super) fn width_faults(&self, path: &str, width: usize) -> Vec<Problem> {
        let mut faults = Vec::new();
        let mut written: BTreeMap<String, &str> = BTreeMap::new();
        for (field, code) in self.fields() {
            let is_unknown = field == "unknown";
            let exact = is_unknown && self.passthrough;
            let path = format!("{path}.{field}");
            if code.len() > width || (exact && code.len() != width) {
                let message = format!("{code:?} has {} characters, not {width}", code.len());
                faults.push(problem(path, message));
                continue;
            }
            if let Some(other) = written.insert(padded(code, width), code) {
                if other == code && code != self.unknown {
                    continue;
                }
                let message = format!(
                    "{code:?} is written like {other:?}, which means something else: \
                     use another code"
                );
                faults.push(problem(path, message));
            }
        }
        faults
    }
}

/// Whether `text` can be written in a code: upper-case ASCII letters and digits, at least one.
pub(super) fn is_code(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

/// `code` with zeros on the left up to `width`.
pub(super) fn padded(code: &str, width: usize) -> String {
    format!("{code:0>width$}")
}
