//! The form of a code in which two spellings of it are equal.

use super::CompiledScheme;
use super::part::Part;
use crate::text::{is_invisible, narrowed};

/// The separators that a literal may hold.
pub(super) const SEPARATORS: &str = "-_./";

/// The normalised form of any code, also one of no scheme (a legacy code): full-width
/// characters folded to ASCII, upper case, and no white space, no separators, no dashes and
/// no invisible characters.
pub fn normalise(code: &str) -> String {
    let narrow = code.chars().map(narrowed).filter(|character| !is_separator(*character));
    narrow.flat_map(char::to_uppercase).collect()
}

impl CompiledScheme {
    /// The normalised form of a code of this scheme: [`normalise`], and inside the sequence what
    /// looks like one of its digits is read as that, such as I and L in base 32 as 1 and O as 0.
    pub fn normalise(&self, code: &str) -> String {
        let text = normalise(code);
        if text.chars().count() != self.width {
            return text;
        }
        let start: usize =
            self.parts.iter().take_while(|part| !part.is_sequence()).map(Part::width).sum();
        let sequence = start..start + self.sequence.width;
        let alphabet = self.sequence.alphabet;
        let fold = |(place, character)| {
            if sequence.contains(&place) { alphabet.meant(character) } else { character }
        };
        text.chars().enumerate().map(fold).collect()
    }
}

/// White space, the separators of literals, dashes, the middle dot, and what cannot be seen:
/// control characters, soft hyphens, joiners and marks of direction.
fn is_separator(character: char) -> bool {
    let dash = matches!(character, '\u{b7}' | '\u{2010}'..='\u{2015}' | '\u{2212}');
    dash || is_invisible(character) || character.is_whitespace() || SEPARATORS.contains(character)
}
