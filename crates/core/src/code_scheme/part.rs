//! A segment made ready: everything about it is known but the customer.

use crate::check::CheckSystem;

use super::decode::SegmentKind;
use super::normal_form::normalise;
use super::sequence::Sequence;
use super::table::{PaddedTable, is_code};
use super::template::DatePart;

/// A segment of a compiled scheme.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    Literal { displayed: String, normalised: String },
    Attribute { name: String, width: usize, table: PaddedTable },
    Class { width: usize },
    Date(DatePart),
    Sequence(Sequence),
    Check(CheckSystem),
}

impl Part {
    pub(super) fn literal(text: &str) -> Self {
        Self::Literal { displayed: text.to_owned(), normalised: normalise(text) }
    }

    pub(super) fn is_sequence(&self) -> bool {
        matches!(self, Self::Sequence(_))
    }

    /// Characters in the normalised form; 0 for a literal of separators.
    pub(super) fn width(&self) -> usize {
        match self {
            Self::Literal { normalised, .. } => normalised.len(),
            Self::Attribute { width, .. } | Self::Class { width } => *width,
            Self::Date(DatePart::Year) => 4,
            Self::Date(DatePart::ShortYear | DatePart::Month) => 2,
            Self::Sequence(sequence) => sequence.width,
            Self::Check(system) => system.check_len(),
        }
    }

    pub(super) fn name(&self) -> &str {
        match self {
            Self::Literal { .. } => "literal",
            Self::Attribute { name, .. } => name,
            Self::Class { .. } => "class",
            Self::Date(DatePart::Year) => "year",
            Self::Date(DatePart::ShortYear) => "yy",
            Self::Date(DatePart::Month) => "month",
            Self::Sequence(_) => "seq",
            Self::Check(_) => "check",
        }
    }

    pub(super) fn kind(&self) -> SegmentKind {
        match self {
            Self::Literal { .. } => SegmentKind::Literal,
            Self::Attribute { .. } => SegmentKind::Attribute,
            Self::Class { .. } => SegmentKind::Class,
            Self::Date(_) => SegmentKind::Date,
            Self::Sequence(_) => SegmentKind::Sequence,
            Self::Check(_) => SegmentKind::Check,
        }
    }

    /// Whether the segment may put a letter into a code where the template does not fix it.
    pub(super) fn may_hold_letters(&self) -> bool {
        match self {
            Self::Attribute { table, .. } => table.may_hold_letters(),
            Self::Class { .. } => true,
            Self::Sequence(sequence) => {
                sequence.alphabet.digits().contains(|next: char| next.is_ascii_alphabetic())
            }
            Self::Literal { .. } | Self::Date(_) | Self::Check(_) => false,
        }
    }

    /// Whether `text`, cut from a normalised code at this segment, can stand there.
    pub(super) fn accepts(&self, text: &str) -> bool {
        let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        match self {
            Self::Literal { normalised, .. } => text == normalised,
            Self::Attribute { table, .. } => table.holds(text),
            Self::Class { .. } => is_code(text),
            Self::Date(DatePart::Month) => is_number(text) && ("01"..="12").contains(&text),
            Self::Date(DatePart::Year | DatePart::ShortYear) => is_number(text),
            Self::Sequence(sequence) => sequence.read(text).is_some(),
            Self::Check(system) => text.chars().all(|next| system.check_alphabet().contains(next)),
        }
    }

    /// What [`Part::accepts`], for an error text.
    pub(super) fn expects(&self) -> String {
        match self {
            Self::Literal { normalised, .. } => normalised.clone(),
            Self::Attribute { name, .. } => format!("a code of {name}"),
            Self::Class { .. } => "letters and digits".to_owned(),
            Self::Date(DatePart::Month) => "01 to 12".to_owned(),
            Self::Date(DatePart::Year | DatePart::ShortYear) => "digits".to_owned(),
            Self::Sequence(sequence) => {
                format!("a number above zero in {}", sequence.alphabet.digits())
            }
            Self::Check(system) => format!("one of {}", system.check_alphabet()),
        }
    }

    /// What an accepted `text` says: the values of an attribute, the number of a sequence.
    pub(super) fn meaning(&self, text: &str) -> Option<String> {
        match self {
            Self::Attribute { table, .. } => table.meaning(text),
            Self::Sequence(sequence) => sequence.read(text).map(|number| number.to_string()),
            Self::Literal { .. } | Self::Class { .. } | Self::Date(_) | Self::Check(_) => None,
        }
    }
}
