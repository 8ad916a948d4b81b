//! Codes.

use kehu_contract::coding as contract;
use kehu_core::Label;
use kehu_core::code_scheme::{DecodedSegment, SegmentKind, normalise};
use kehu_core::country;
use kehu_server::{Violations, convert, names};
use kehu_storage::coding::codes::{CodeRow, EndReason, LeftOut};

/// Longest text that is looked at as a code, in characters; the longest code has 64.
const LONGEST_CODE: usize = 200;

/// The normal form of a code, or of the beginning of one, as somebody typed it.
pub(crate) fn parse_code(field: &str, text: &str, violations: &mut Violations) -> String {
    if text.chars().count() > LONGEST_CODE {
        violations.add(field, format!("must be at most {LONGEST_CODE} characters"));
        return String::new();
    }
    let normal = normalise(text);
    if normal.is_empty() {
        violations.add(field, "must hold letters or digits");
    }
    normal
}

/// A code as callers see it.
pub(crate) fn code(row: &CodeRow) -> contract::Code {
    contract::Code {
        code: row.code.clone(),
        scheme: names::resource(names::CODE_SCHEMES, &row.scheme),
        customer: names::customer(row.customer),
        current: row.current,
        as_of_date: Some(convert::date(row.as_of)),
        create_time: Some(convert::timestamp(row.created_at)),
        end_time: row.ended_at.map(convert::timestamp),
        class_code: row.class_code.clone(),
        end_reason: row.ended_because.map_or(contract::CodeEndReason::Unspecified, reason).into(),
        end_class_code: row.ended_for.clone().unwrap_or_default(),
        successor: row.successor.clone().unwrap_or_default(),
        imported: row.imported,
    }
}

fn reason(reason: EndReason) -> contract::CodeEndReason {
    match reason {
        EndReason::ClassChange => contract::CodeEndReason::ClassChange,
        EndReason::Merge => contract::CodeEndReason::Merge,
        EndReason::Import => contract::CodeEndReason::Import,
    }
}

/// A customer without a code as callers see it.
pub(crate) fn left_out(row: &LeftOut) -> contract::LeftOut {
    contract::LeftOut {
        customer: names::customer(row.customer),
        reason: row.reason.clone(),
        as_of_date: Some(convert::date(row.as_of)),
        record_time: Some(convert::timestamp(row.recorded_at)),
        run: row.run_id.map(names::run).unwrap_or_default(),
    }
}

/// A segment with what it means. `class` is the name of the class that the text stands for.
pub(crate) fn segment(segment: &DecodedSegment, class: Option<&Label>) -> contract::CodeSegment {
    let meaning = match segment.kind {
        SegmentKind::Class => class.cloned(),
        SegmentKind::Attribute => segment.meaning.as_deref().map(|value| attribute(segment, value)),
        _ => segment.meaning.as_deref().map(plain),
    };
    contract::CodeSegment {
        segment: segment.name.clone(),
        text: segment.text.clone(),
        meaning: meaning.as_ref().map(convert::label),
    }
}

/// A country by its name; any other value is its own label.
fn attribute(segment: &DecodedSegment, value: &str) -> Label {
    let country = if segment.name == "country" { country::parse(value) } else { None };
    country.map_or_else(|| plain(value), country::Country::label)
}

fn plain(text: &str) -> Label {
    Label::new(text, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_code_is_a_violation() {
        let long = "A".repeat(201);
        for (text, normal, good) in [
            ("gb-h 000001p", "GBH000001P", true),
            ("ＧＢ－１", "GB1", true),
            ("", "", false),
            (" -/ ", "", false),
            ("A\u{0}B", "AB", true),
            (long.as_str(), "", false),
        ] {
            let mut violations = Violations::new();
            assert_eq!(parse_code("code", text, &mut violations), normal);
            assert_eq!(violations.is_empty(), good, "{text:?}");
        }
    }

    #[test]
    fn segments_say_what_they_mean() {
        let of = |name: &str, kind, meaning: Option<&str>| DecodedSegment {
            name: name.to_owned(),
            kind,
            text: "X".to_owned(),
            meaning: meaning.map(str::to_owned),
        };
        let high = Label::new("高价值", "High value");
        for (part, expected) in [
            (of("country", SegmentKind::Attribute, Some("GB")), Some("United Kingdom")),
            (of("country", SegmentKind::Attribute, None), None),
            (of("channel", SegmentKind::Attribute, Some("web")), Some("web")),
            (of("class", SegmentKind::Class, None), Some("High value")),
            (of("seq", SegmentKind::Sequence, Some("17")), Some("17")),
            (of("check", SegmentKind::Check, None), None),
        ] {
            let meaning = segment(&part, Some(&high)).meaning.map(|label| label.en);
            assert_eq!(meaning.as_deref(), expected, "{}", part.name);
        }
    }
}
