//! Texts of a file.

use kehu_contract::ingestion::{Problem, ProblemReason};
use kehu_core::text;

use crate::clean::{Cleaned, Rule};
use crate::problem::problem;

/// The text in a cell, cleaned and trimmed, on one line; the empty text where it is no good, with what is
/// wrong in `problems`.
pub(crate) fn clean(
    cell: &str,
    column: &str,
    limit: usize,
    cleaned: &mut Cleaned,
    problems: &mut Vec<Problem>,
) -> String {
    let (cell, rules) = text::clean(cell);
    cleaned.count_all(rules);
    let mut trimmed = cleaned.trim(&cell);
    if let Some(inner) = trimmed.strip_prefix("=\"").and_then(|rest| rest.strip_suffix('"')) {
        cleaned.count(Rule::Formula);
        trimmed = inner;
    }
    let mut text = trimmed.to_owned();
    if trimmed.contains(['\n', '\r', '\t']) {
        let words: Vec<&str> = trimmed.split(['\n', '\r', '\t']).map(str::trim).collect();
        text = words.join(" ");
        cleaned.count(Rule::LineBreak);
    }
    check(text, column, limit, problems)
}

/// The text where it is good, else the empty one, with what is wrong in `problems`.
pub(crate) fn check(
    text: String,
    column: &str,
    limit: usize,
    problems: &mut Vec<Problem>,
) -> String {
    if has_control(&text) {
        let description = "the cell holds control characters: remove them";
        problems.push(problem(column, ProblemReason::TextInvalid, description));
        return String::new();
    }
    if text.len() > limit && text.chars().count() > limit {
        let description = format!("the cell is longer than {limit} characters: shorten it");
        problems.push(problem(column, ProblemReason::FieldTooLong, &description));
        return String::new();
    }
    text
}

fn has_control(text: &str) -> bool {
    if text.is_ascii() {
        return text.bytes().any(|byte| byte < b' ' || byte == 0x7f);
    }
    text.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts() {
        for (cell, text, reason) in [
            ("  PINK  MUG ", "PINK  MUG", None),
            ("two\r\nlines\tand a tab", "two  lines and a tab", None),
            ("\u{a0}客户\u{3000}", "客户", None),
            ("=\"007\"", "007", None),
            ("gni\u{202e}la\u{2028}Ltd\u{2029}", "gnila Ltd", None),
            ("\u{200b} A\u{200d}B", "AB", None),
            ("می\u{200c}خواهم", "می\u{200c}خواهم", None),
            ("a\u{0}b", "", Some(ProblemReason::TextInvalid)),
            ("a\u{85}b", "", Some(ProblemReason::TextInvalid)),
            ("12345678901234567890x", "", Some(ProblemReason::FieldTooLong)),
            (
                "二二二二二二二二二二二二二二二二二二二二",
                "二二二二二二二二二二二二二二二二二二二二",
                None,
            ),
        ] {
            let mut problems = Vec::new();
            let read = clean(cell, "Name", 20, &mut Cleaned::default(), &mut problems);
            assert_eq!(read, text, "{cell:?}");
            assert_eq!(problems.first().map(Problem::reason), reason, "{cell:?}");
        }
    }
}
