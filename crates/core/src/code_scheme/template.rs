//! Reading a template.

use crate::check::CheckSystem;

use super::normal_form::SEPARATORS;
use super::sequence::{Chosen, SequenceAlphabet};

/// The widest attribute or class segment, in characters.
const MAX_WIDTH: usize = 12;

/// A part of the date that a code is given as of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DatePart {
    /// Four digits.
    Year,
    /// The last two digits of the year.
    ShortYear,
    /// 01 to 12.
    Month,
}

/// One segment of a template.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Segment {
    /// Text as it stands.
    Literal(String),
    /// An attribute through its code table; without a width, that of the table's codes.
    Attribute {
        /// The column of the customer frame.
        name: String,
        /// Characters, 1 to 12.
        width: Option<usize>,
    },
    /// The short code of the class.
    Class {
        /// Characters, 1 to 12.
        width: usize,
    },
    /// Part of the date.
    Date(DatePart),
    /// The sequence number.
    Sequence {
        /// Characters, 1 to 18 in decimal, as many as fit 63 bits in the others.
        width: usize,
        /// The digits it is written in.
        alphabet: SequenceAlphabet,
    },
    /// The check.
    Check(CheckSystem),
}

/// A template that keeps the rules of [`crate::code_scheme`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    segments: Vec<Segment>,
}

/// A fault of a template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message} (at character {position})")]
pub struct TemplateError {
    /// Where it is, counted in characters from 0; the length of the template when something is
    /// missing.
    pub position: usize,
    /// What is wrong and what to write instead.
    pub message: String,
}

impl Template {
    /// Reads a template; the error is the first of its faults from the left.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let (segments, mut faults) = read(text);
        faults.sort_by_key(|fault| fault.position);
        match faults.into_iter().next() {
            Some(first) => Err(first),
            None => Ok(Self { segments }),
        }
    }

    /// The segments from left to right.
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }
}

/// A segment and the position of its first character.
struct Placed {
    position: usize,
    segment: Segment,
}

/// Reads what can be read, and tells every fault.
pub(super) fn read(text: &str) -> (Vec<Segment>, Vec<TemplateError>) {
    let characters: Vec<char> = text.chars().collect();
    let (mut placed, mut faults) = (Vec::new(), Vec::new());
    let mut position = 0;
    while position < characters.len() {
        let (end, segment) = read_piece(&characters, position);
        match segment {
            Ok(segment) => placed.push(Placed { position, segment }),
            Err(message) => faults.push(TemplateError { position, message }),
        }
        position = end;
    }
    // A segment that could not be read may be the very one that is missed.
    let has_sequence = placed.iter().any(|placed| is_sequence(&placed.segment));
    if faults.is_empty() && !has_sequence {
        let message = "no sequence: add one, such as {seq:6}".to_owned();
        faults.push(TemplateError { position: characters.len(), message });
    }
    faults.extend(structure_faults(&placed));
    (placed.into_iter().map(|placed| placed.segment).collect(), faults)
}

/// The literal or the braces that start at `position`, and the position after them.
fn read_piece(characters: &[char], position: usize) -> (usize, Result<Segment, String>) {
    let rest = &characters[position..];
    let length_before = |stop: &[char]| rest.iter().position(|next| stop.contains(next));
    match rest[0] {
        '}' => (position + 1, Err("`}` without `{`: remove it".to_owned())),
        '{' => match length_before(&['}']) {
            Some(length) => {
                let inside: String = rest[1..length].iter().collect();
                (position + length + 1, read_braces(&inside))
            }
            None => (characters.len(), Err("`{` without `}`: close it".to_owned())),
        },
        _ => {
            let length = length_before(&['{', '}']).unwrap_or(rest.len());
            (position + length, read_literal(&rest[..length]))
        }
    }
}

fn read_literal(characters: &[char]) -> Result<Segment, String> {
    let foreign = characters
        .iter()
        .find(|next| !next.is_ascii_alphanumeric() && !SEPARATORS.contains(**next));
    match foreign {
        Some(foreign) => Err(format!(
            "{foreign:?} cannot stand in a code: use ASCII letters, digits, `-`, `_`, `.` and `/`"
        )),
        None => Ok(Segment::Literal(characters.iter().collect())),
    }
}

fn read_braces(inside: &str) -> Result<Segment, String> {
    let fields: Vec<&str> = inside.split(':').collect();
    match fields[..] {
        ["seq", width] => read_sequence(width, SequenceAlphabet::Decimal),
        ["seq", width, "base32"] => read_sequence(width, SequenceAlphabet::Base32),
        ["seq", width, "base36"] => read_sequence(width, SequenceAlphabet::Base36),
        ["seq", width, "clear"] => read_sequence(width, SequenceAlphabet::Clear),
        ["seq", width, digits] if digits.chars().any(|next| next.is_ascii_uppercase()) => {
            read_sequence(width, SequenceAlphabet::Of(Chosen::of(digits)?))
        }
        ["seq", _, other] => Err(format!(
            "unknown alphabet {other:?}: use base32, base36, clear, or name the digits, such as \
             ACDEFHJK"
        )),
        ["seq", ..] => Err("a sequence is {seq:width}, such as {seq:6}".to_owned()),
        ["check", system] => {
            system.parse().map(Segment::Check).map_err(|unknown| format!("{unknown}"))
        }
        ["check", ..] => Err("a check is {check:system}, such as {check:mod37_36}".to_owned()),
        ["class", width] => Ok(Segment::Class { width: read_width(width, MAX_WIDTH)? }),
        ["class", ..] => Err("a class is {class:width}, such as {class:2}".to_owned()),
        ["year"] => Ok(Segment::Date(DatePart::Year)),
        ["yy"] => Ok(Segment::Date(DatePart::ShortYear)),
        ["month"] => Ok(Segment::Date(DatePart::Month)),
        ["year" | "yy" | "month", ..] => Err("a date part takes no width: remove it".to_owned()),
        [name] => read_attribute(name, None),
        [name, width] => read_attribute(name, Some(read_width(width, MAX_WIDTH)?)),
        _ => Err(format!("too many colons in {{{inside}}}: write {{name:width}}")),
    }
}

fn read_sequence(width: &str, alphabet: SequenceAlphabet) -> Result<Segment, String> {
    let width = read_width(width, alphabet.max_width())?;
    Ok(Segment::Sequence { width, alphabet })
}

fn read_attribute(name: &str, width: Option<usize>) -> Result<Segment, String> {
    if is_attribute(name) {
        return Ok(Segment::Attribute { name: name.to_owned(), width });
    }
    Err(format!("{name:?} is no attribute: use lower-case letters, digits and `_`"))
}

fn read_width(text: &str, most: usize) -> Result<usize, String> {
    let width =
        if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok() } else { None };
    match width {
        Some(width) if (1..=most).contains(&width) => Ok(width),
        _ => Err(format!("width {text:?} is not a number from 1 to {most}")),
    }
}

/// Whether `name` can be an attribute: a lower-case letter, then these, digits and `_`.
pub(super) fn is_attribute(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.chars().all(|next| matches!(next, 'a'..='z' | '0'..='9' | '_'))
}

/// Whether `name` means something else than an attribute in a template.
pub(super) fn is_reserved(name: &str) -> bool {
    matches!(name, "class" | "seq" | "check" | "year" | "yy" | "month")
}

fn is_sequence(segment: &Segment) -> bool {
    matches!(segment, Segment::Sequence { .. })
}

/// Segments that are there too often, or in the wrong place.
fn structure_faults(placed: &[Placed]) -> Vec<TemplateError> {
    let (mut classes, mut sequences, mut checks) = (0, 0, 0);
    let mut faults = Vec::new();
    for (rank, Placed { position, segment }) in placed.iter().enumerate() {
        let (count, name) = match segment {
            Segment::Class { .. } => (&mut classes, "class"),
            Segment::Sequence { .. } => (&mut sequences, "sequence"),
            Segment::Check(_) => (&mut checks, "check"),
            Segment::Literal(_) | Segment::Attribute { .. } | Segment::Date(_) => continue,
        };
        *count += 1;
        if *count > 1 {
            let message = format!("a second {name}: keep only one");
            faults.push(TemplateError { position: *position, message });
        } else if name == "check" && rank + 1 < placed.len() {
            let message = "the check is not last: move it to the end".to_owned();
            faults.push(TemplateError { position: *position, message });
        }
    }
    faults
}
