//! GB/T 4754-2017, the classification of national economic activities of China (国民经济行业分类):
//! 20 sections (门类), 97 divisions (大类), 473 groups (中类) and 1,381 classes (小类), as the public list
//! has them from which it was made (github.com/zmshe/capital, of 2020); the standard itself is public.
//!
//! `industry.txt` has one line per entry in the order of codes: code, Chinese name, and of a section
//! its English name. A code begins with the letter of its section here, so that it says all that it
//! is part of: `C2611` is a class of group `C261`, division `C26` and section `C`. A group of one class
//! has its name.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::text;

const TABLE: &str = include_str!("industry.txt");

static INDUSTRIES: LazyLock<Vec<Industry>> =
    LazyLock::new(|| TABLE.lines().map(Industry::from_line).collect());
static BY_TEXT: LazyLock<HashMap<String, &'static Industry>> = LazyLock::new(index);

/// An entry of the classification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Industry {
    /// Its code: `C`, `C26`, `C261` or `C2611`.
    pub code: &'static str,
    /// Its Chinese name.
    pub zh: &'static str,
    /// The English name of a section; empty for others.
    pub en: &'static str,
}

impl Industry {
    fn from_line(line: &'static str) -> Self {
        let mut fields = line.split('|');
        let mut next = || fields.next().unwrap_or_default();
        Self { code: next(), zh: next(), en: next() }
    }
}

/// Every entry, in the order of codes.
pub fn all() -> impl Iterator<Item = &'static Industry> {
    INDUSTRIES.iter()
}

/// The entry that a text means: a code with the letter of its section or without (`C26`, `26`, in
/// any case and width), or a Chinese name. What has the name of a part of it as well, such as 教育, is
/// the broadest of these. `None` for everything else, names that are of two branches among it.
pub fn parse(text: &str) -> Option<&'static Industry> {
    let trimmed = text.trim();
    if let Some(industry) = BY_TEXT.get(trimmed) {
        return Some(industry);
    }
    let folded: String = trimmed.chars().map(text::narrowed).collect();
    BY_TEXT.get(&folded.to_ascii_uppercase()).copied()
}

/// The longest code of the standard that an unknown one begins with; `None` when there is none.
pub fn nearest(text: &str) -> Option<&'static Industry> {
    let folded: String = text.trim().chars().map(text::narrowed).collect();
    let folded = folded.to_ascii_uppercase();
    let ends = folded.char_indices().map(|(end, _)| end).rev();
    ends.filter(|end| *end > 0).find_map(|end| BY_TEXT.get(&folded[..end]).copied())
}

fn index() -> HashMap<String, &'static Industry> {
    let mut known = HashMap::new();
    let mut ambiguous = Vec::new();
    for industry in INDUSTRIES.iter() {
        known.insert(industry.code.to_owned(), industry);
        if industry.code.len() > 1 {
            known.insert(industry.code[1..].to_owned(), industry);
        }
        // The broader comes first.
        let broader = *known.entry(industry.zh.to_owned()).or_insert(industry);
        if !industry.code.starts_with(broader.code) {
            ambiguous.push(industry.zh);
        }
    }
    for name in ambiguous {
        known.remove(name);
    }
    known
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_standard_is_whole() {
        for (length, count) in [(1, 20), (3, 97), (4, 473), (5, 1_381)] {
            assert_eq!(all().filter(|one| one.code.len() == length).count(), count, "{length}");
        }
        let codes: Vec<&str> = all().map(|one| one.code).collect();
        assert!(codes.is_sorted_by(|one, next| one < next));
        for industry in all() {
            assert!(!industry.zh.is_empty() && industry.zh.trim() == industry.zh, "{industry:?}");
            assert_eq!(industry.en.is_empty(), industry.code.len() > 1, "{industry:?}");
            let part_of = match industry.code.len() {
                1 => continue,
                3 => &industry.code[..1],
                length => &industry.code[..length - 1],
            };
            assert!(codes.binary_search(&part_of).is_ok(), "{industry:?}");
        }
    }

    #[test]
    fn codes_and_names_in_the_forms_that_data_has() {
        for (text, code) in [
            ("C", Some("C")),
            ("C26", Some("C26")),
            ("c26", Some("C26")),
            ("Ｃ２６", Some("C26")),
            ("26", Some("C26")),
            ("2611", Some("C2611")),
            (" C2611 ", Some("C2611")),
            ("制造业", Some("C")),
            ("教育", Some("P")),
            ("软件开发", Some("I651")),
            ("无机酸制造", Some("C2611")),
            ("C99", None),
            ("D26", None),
            ("C26110", None),
            ("", None),
            ("Manufacturing of things", None),
        ] {
            assert_eq!(parse(text).map(|one| one.code), code, "{text:?}");
        }
        for (text, code) in [
            ("C2699", Some("C26")),
            ("C99", Some("C")),
            ("D26", Some("D")),
            ("化", None),
            ("", None),
        ] {
            assert_eq!(nearest(text).map(|one| one.code), code, "{text:?}");
        }
    }
}
