//! Reading codes back.

use super::CompiledScheme;
use super::part::Part;

/// What a segment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SegmentKind {
    /// Fixed text.
    Literal,
    /// An attribute through its code table.
    Attribute,
    /// The class.
    Class,
    /// Part of a date.
    Date,
    /// The sequence number.
    Sequence,
    /// The check.
    Check,
}

/// One segment of a code that was read back. Literals of separators only are left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecodedSegment {
    /// The name in the template (`country`, `class`, `seq` …) or `literal`.
    pub name: String,
    /// What it is.
    pub kind: SegmentKind,
    /// The characters of the normalised form.
    pub text: String,
    /// The values of an attribute with this code, joined by ` / `, or the number of a sequence.
    /// `None` for the rest, and for an attribute that was unknown. A class means what
    /// [`CompiledScheme::class_text`] gives for it.
    pub meaning: Option<String>,
}

/// A text that is no code of the scheme.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Too few or too many characters.
    #[error("{found} characters without separators, not {expected}: compare with the template")]
    Length {
        /// Characters of every normalised code of the scheme.
        expected: usize,
        /// Characters of this one.
        found: usize,
    },
    /// Characters that cannot stand in a segment.
    #[error("{text:?} at character {position} cannot be {name}: expected {expected}")]
    Segment {
        /// The segment's name, as in [`DecodedSegment::name`].
        name: String,
        /// Where it starts in the normalised form, counted in characters from 0.
        position: usize,
        /// What stands there.
        text: String,
        /// What may stand there.
        expected: String,
    },
    /// The check is that of another code.
    #[error(
        "check {found:?} does not agree with the code, which has {expected:?}: look for a slip"
    )]
    Check {
        /// The check of what stands before it.
        expected: String,
        /// What stands there.
        found: String,
    },
}

/// Whether a text is a code of the scheme.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Validity {
    /// Length and characters of every segment are right.
    pub well_formed: bool,
    /// It is well formed, and the check agrees or the template has none.
    pub check_ok: bool,
    /// The check that agrees with what stands before it; `None` when that is not well formed or
    /// the template has no check.
    pub expected_check: Option<String>,
}

impl CompiledScheme {
    /// The segments of a code in its displayed or normalised form.
    pub fn decode(&self, code: &str) -> Result<Vec<DecodedSegment>, DecodeError> {
        let code = self.normalise(code);
        let texts = self.cut(&code)?;
        let mut segments = Vec::with_capacity(texts.len());
        let mut position = 0;
        for (part, text) in self.parts.iter().zip(texts) {
            self.accept(part, text, position, &code)?;
            position += text.len();
            if !text.is_empty() {
                segments.push(DecodedSegment {
                    name: part.name().to_owned(),
                    kind: part.kind(),
                    text: text.to_owned(),
                    meaning: part.meaning(text),
                });
            }
        }
        Ok(segments)
    }

    /// Whether `code`, in its displayed or normalised form, could have been given.
    pub fn validate(&self, code: &str) -> Validity {
        let code = self.normalise(code);
        let Ok(texts) = self.cut(&code) else {
            return Validity { well_formed: false, check_ok: false, expected_check: None };
        };
        let fits = |(part, text): (&Part, &str)| part.accepts(text);
        let well_formed = self.parts.iter().zip(texts.iter().copied()).all(fits);
        let before_check = self.parts.iter().filter(|part| !matches!(part, Part::Check(_)));
        let body_well_formed = before_check.zip(texts.iter().copied()).all(fits);
        let expected_check = if body_well_formed { self.check_of(self.body(&code)) } else { None };
        let check_ok = well_formed
            && expected_check.as_deref().is_none_or(|check| texts.last() == Some(&check));
        Validity { well_formed, check_ok, expected_check }
    }

    /// A normalised code cut into the texts of its parts.
    fn cut<'a>(&self, code: &'a str) -> Result<Vec<&'a str>, DecodeError> {
        let found = code.chars().count();
        if found != self.width {
            return Err(DecodeError::Length { expected: self.width, found });
        }
        let mut texts = Vec::with_capacity(self.parts.len());
        let mut rest = code;
        for part in &self.parts {
            let end = rest.char_indices().nth(part.width()).map_or(rest.len(), |(at, _)| at);
            let (text, others) = rest.split_at(end);
            texts.push(text);
            rest = others;
        }
        Ok(texts)
    }

    fn accept(
        &self,
        part: &Part,
        text: &str,
        position: usize,
        code: &str,
    ) -> Result<(), DecodeError> {
        if !part.accepts(text) {
            return Err(DecodeError::Segment {
                name: part.name().to_owned(),
                position,
                text: text.to_owned(),
                expected: part.expects(),
            });
        }
        if !matches!(part, Part::Check(_)) {
            return Ok(());
        }
        match self.check_of(self.body(code)) {
            Some(expected) if expected != text => {
                Err(DecodeError::Check { expected, found: text.to_owned() })
            }
            _ => Ok(()),
        }
    }

    /// What stands before the check of a normalised code; callers have seen that it is ASCII.
    fn body<'a>(&self, code: &'a str) -> &'a str {
        let check = self.check.map_or(0, crate::check::CheckSystem::check_len);
        code.get(..self.width - check).unwrap_or(code)
    }
}
