//! Code schemes: the structured identifier that a customer gets from its class and attributes.
//!
//! A scheme is a template of segments, such as `{country}-{class:1}{seq:6}{check:mod37_36}`:
//!
//! | segment | renders |
//! |---|---|
//! | text outside braces | itself: letters, digits and the separators `-` `_` `.` `/` |
//! | `{name}`, `{name:width}` | an attribute of the customer through its [`CodeTable`] |
//! | `{class:width}` | the short code of the customer's class in the scheme's taxonomy |
//! | `{year}`, `{yy}`, `{month}` | part of the date the code is given as of: 4, 2 and 2 digits |
//! | `{seq:width}` | a decimal sequence number, padded with zeros |
//! | `{seq:width:base32}` | the same in the alphabet of Crockford's base 32 (no I, L, O, U) |
//! | `{seq:width:clear}` | the same without any look-alikes (no 0, O, 1, I, L) |
//! | `{seq:width:ACDEFHJK}` | the same in the digits that are named, of A to Z and 0 to 9 |
//! | `{seq:width:base36}` | the same in digits and all letters |
//! | `{check:system}` | a check over what stands before, by a [`crate::check::CheckSystem`] |
//!
//! There is exactly one sequence, at most one class and at most one check, which comes last.
//! Every segment has a fixed width, so that a code can be read back in only one way: a shorter
//! code is padded with zeros on the left, a longer one is an error and never cut off.
//!
//! **Two forms.** The *displayed* form is what the template renders. The *normalised* form is
//! upper case without separators, and is what must be unique ([`normalise`]).
//!
//! **The check** is computed over the characters of the normalised form before it that belong
//! to the alphabet of the system, with values 0–9 and, for MOD 37-2, 37-36 and 97-10, A = 10 to
//! Z = 35 (97-10 writes these as two digits, like an IBAN). A system for digits passes over the
//! letters of literals only: those cannot slip unseen, because the template fixes them. It is
//! refused where a class, an attribute or a sequence could put a letter before it.
//!
//! **The sequence** has a counter for each [`Prefix::key`], which is everything else that the
//! code says. It runs from 1 to [`CompiledScheme::capacity`].

mod compile;
mod decode;
mod normal_form;
mod part;
mod render;
mod sequence;
mod suggest;
mod table;
mod template;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Label;

pub use compile::CompiledScheme;
pub use decode::{DecodeError, DecodedSegment, SegmentKind, Validity};
pub use normal_form::normalise;
pub use render::{CapacityExhausted, Code, Prefix, PrefixError};
pub use sequence::SequenceAlphabet;
pub use template::{DatePart, Segment, Template, TemplateError};

/// A code scheme as people write it. It may hold faults until [`CodeScheme::compile`] finds none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeScheme {
    /// Lower-case letters, digits and hyphens, starting with a letter.
    pub id: String,
    /// The name shown to people.
    pub label: Label,
    /// The segments, in the syntax of this module.
    pub template: String,
    /// The id of the taxonomy that gives `{class}`; may be empty when the template has none.
    pub taxonomy: String,
    /// One table for each attribute of the template.
    pub tables: Vec<CodeTable>,
    /// What a later change of class does to a code.
    pub recoding: Recoding,
}

/// How the values of one attribute are written in a code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeTable {
    /// The attribute: a column of the customer frame, such as `country`.
    pub attribute: String,
    /// Value to code. Codes are upper-case letters and digits; values may share one.
    #[serde(default)]
    pub entries: BTreeMap<String, String>,
    /// The code of a customer whose value is missing or not known here; no entry has it.
    pub unknown: String,
    /// Whether a value that is no entry is its own code (an ISO country code, say), provided
    /// that it is letters and digits of exactly the segment's width. Else it is unknown.
    #[serde(default)]
    pub passthrough: bool,
}

/// What happens to a customer's code when its class changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Recoding {
    /// The code stays.
    Permanent,
    /// The customer gets a new code; the old one resolves to it for ever.
    OnClassChange,
}
