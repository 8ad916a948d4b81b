//! Giving codes.

use chrono::{Datelike, NaiveDate};

use super::CompiledScheme;
use super::normal_form::normalise;
use super::part::Part;
use super::table::{is_code, padded};
use super::template::DatePart;

/// A code but for its sequence number and its check. Made by [`CompiledScheme::prefix`] and of
/// use only with that scheme.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Prefix {
    key: String,
    before: String,
    after: String,
}

/// A code in both its forms.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code {
    /// As the template renders it, for people.
    pub displayed: String,
    /// Upper case without separators; what must be unique.
    pub normalised: String,
}

/// A customer that the scheme cannot write.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PrefixError {
    /// The class code is wider than its segment.
    #[error("class code {class:?} does not fit {width} characters: widen {{class:{width}}}")]
    ClassTooWide {
        /// The short code of the class.
        class: String,
        /// The width of the segment in characters.
        width: usize,
    },
    /// The class code is empty or holds something else than ASCII letters and digits.
    #[error("class code {0:?} cannot stand in a code: use ASCII letters and digits")]
    ClassCharacters(String),
    /// The year has no four digits.
    #[error("year {0} cannot stand in a code: use a date from year 0 to 9999")]
    Year(i32),
}

/// The sequence has no such number left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("sequence number {sequence} is not from 1 to {capacity}: widen {{seq}} in a new version")]
pub struct CapacityExhausted {
    /// The number asked for.
    pub sequence: u64,
    /// The greatest number that fits.
    pub capacity: u64,
}

impl Prefix {
    /// The name of this prefix's own counter: the normalised code without its check, with a
    /// `#` for each character of the sequence, such as `GBA######`.
    pub fn key(&self) -> &str {
        &self.key
    }
}

impl CompiledScheme {
    /// The greatest sequence number of every prefix; the least is 1.
    pub fn capacity(&self) -> u64 {
        self.sequence.capacity()
    }

    /// What a code says about a customer of the class with short code `class_code` and the given
    /// attributes (`None` where there is no value), as of `as_of`. A template without `{class}`
    /// does not look at the class.
    pub fn prefix(
        &self,
        class_code: &str,
        attributes: &dyn Fn(&str) -> Option<String>,
        as_of: NaiveDate,
    ) -> Result<Prefix, PrefixError> {
        let (mut before, mut after) = (String::new(), String::new());
        let mut side = &mut before;
        for part in &self.parts {
            match part {
                Part::Literal { displayed, .. } => side.push_str(displayed),
                Part::Attribute { name, table, .. } => {
                    side.push_str(&table.code(attributes(name).as_deref()));
                }
                Part::Class { width } => side.push_str(&class_text(class_code, *width)?),
                Part::Date(part) => side.push_str(&date_text(*part, as_of)?),
                Part::Sequence(_) => side = &mut after,
                Part::Check(_) => {}
            }
        }
        let hashes = "#".repeat(self.sequence.width);
        let key = format!("{}{hashes}{}", normalise(&before), normalise(&after));
        Ok(Prefix { key, before, after })
    }

    /// How a class code stands in a code of this scheme, padded and in upper case, or `None` when
    /// the template has no `{class}`. Ask it for every class before publishing a scheme.
    pub fn class_text(&self, class_code: &str) -> Result<Option<String>, PrefixError> {
        for part in &self.parts {
            if let Part::Class { width } = part {
                return class_text(class_code, *width).map(Some);
            }
        }
        Ok(None)
    }

    /// The code with sequence number `seq`, 1 to [`CompiledScheme::capacity`].
    pub fn render(&self, prefix: &Prefix, seq: u64) -> Result<Code, CapacityExhausted> {
        let capacity = self.capacity();
        if !(1..=capacity).contains(&seq) {
            return Err(CapacityExhausted { sequence: seq, capacity });
        }
        let mut displayed =
            format!("{}{}{}", prefix.before, self.sequence.write(seq), prefix.after);
        let mut normalised = normalise(&displayed);
        if let Some(check) = self.check_of(&normalised) {
            displayed.push_str(&check);
            normalised.push_str(&check);
        }
        Ok(Code { displayed, normalised })
    }

    /// The check over a normalised code without its check; `None` when the template has none.
    pub(super) fn check_of(&self, body: &str) -> Option<String> {
        let system = self.check?;
        let protected: String =
            body.chars().filter(|next| system.alphabet().contains(*next)).collect();
        system.compute(&protected).ok()
    }
}

fn class_text(class: &str, width: usize) -> Result<String, PrefixError> {
    let code = class.to_ascii_uppercase();
    if !is_code(&code) {
        return Err(PrefixError::ClassCharacters(class.to_owned()));
    }
    if code.len() > width {
        return Err(PrefixError::ClassTooWide { class: class.to_owned(), width });
    }
    Ok(padded(&code, width))
}

fn date_text(part: DatePart, date: NaiveDate) -> Result<String, PrefixError> {
    let year = date.year();
    if !(0..=9999).contains(&year) {
        return Err(PrefixError::Year(year));
    }
    Ok(match part {
        DatePart::Year => format!("{year:04}"),
        DatePart::ShortYear => format!("{:02}", year % 100),
        DatePart::Month => format!("{:02}", date.month()),
    })
}
