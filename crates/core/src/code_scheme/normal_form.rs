//! The form of a code in which two spellings of it are equal.

use super::CompiledScheme;
use super::part::Part;
use super::sequence::SequenceAlphabet;
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
    /// The normalised form of a code of this scheme: [`normalise`], and inside a base 32
    /// sequence I and L read as 1 and O as 0.
    pub fn normalise(&self, code: &str) -> String {
        let text = normalise(code);
        if self.sequence.alphabet != SequenceAlphabet::Base32 || text.chars().count() != self.width
        {
            return text;
        }
        let start: usize =
            self.parts.iter().take_while(|part| !part.is_sequence()).map(Part::width).sum();
        let sequence = start..start + self.sequence.width;
        let fold = |(place, character)| {
            if sequence.contains(&place) { look_alike(character) } else { character }
        };
        text.chars().enumerate().map(fold).collect()
    }
}

fn look_alike(character: char) -> char {
    match character {
        'I' | 'L' => '1',
        'O' => '0',
        _ => character,
    }
}

/// White space, the separators of literals, dashes, the middle dot, and what cannot be seen:
/// control characters, soft hyphens, joiners and marks of direction.
fn is_separator(character: char) -> bool {
    let dash = matches!(character, '\u{b7}' | '\u{2010}'..='\u{2015}' | '\u{2212}');
    dash || is_invisible(character) || character.is_whitespace() || SEPARATORS.contains(character)
}
