//! Characters that look like others, or like nothing.

use std::borrow::Cow;

use crate::key::{Rule, Rules};

/// The ASCII character that a full-width one stands for; others as they are.
pub fn narrowed(character: char) -> char {
    match character {
        '\u{ff01}'..='\u{ff5e}' => {
            char::from_u32(u32::from(character) - 0xfee0).expect("ASCII by the offset")
        }
        _ => character,
    }
}

/// Whether it cannot be seen and is no white space: control characters, soft hyphens, joiners,
/// byte order marks and marks of direction.
pub fn is_invisible(character: char) -> bool {
    character.is_control() || is_mark(character)
}

/// Whether it is one of those that are no control characters.
pub(crate) fn is_mark(character: char) -> bool {
    matches!(
        character,
        '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}'
    )
}

/// What makes a spreadsheet take a text for a formula (OWASP, *CSV Injection*).
const FORMULA: [char; 4] = ['=', '+', '-', '@'];

/// Whether a spreadsheet may take the text for a formula: some look past what cannot be seen and
/// read full-width characters as ASCII, and all take a tab or a line break for the end of the cell
/// before.
pub fn is_formula(text: &str) -> bool {
    let seen = text.chars().find(|c| !c.is_whitespace() && !is_invisible(*c));
    seen.is_some_and(|c| FORMULA.contains(&narrowed(c))) || text.starts_with(['\t', '\r', '\n'])
}

/// Whether it ends a line or a paragraph, where only some programs know that.
pub fn is_separator(character: char) -> bool {
    matches!(character, '\u{2028}' | '\u{2029}')
}

/// Whether it is one of the joiners, which belong to the writing of some languages.
pub fn is_joiner(character: char) -> bool {
    matches!(character, '\u{200c}' | '\u{200d}')
}

/// A text without what cannot be seen and has no meaning, its separators spaces. Joiners stay
/// between characters that are not ASCII; control characters stay for the caller to refuse.
pub fn clean(text: &str) -> (Cow<'_, str>, Rules) {
    let mut rules = Rules::default();
    if text.is_ascii() || !text.contains(|c| is_separator(c) || is_invisible(c)) {
        return (text.into(), rules);
    }
    let mut clean = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(character) = rest.next() {
        let joins = is_joiner(character)
            && clean.ends_with(is_joined)
            && rest.peek().copied().is_some_and(is_joined);
        if is_separator(character) {
            rules.add(Rule::LineBreak);
            clean.push(' ');
        } else if is_mark(character) && !joins {
            rules.add(Rule::Invisible);
        } else {
            clean.push(character);
        }
    }
    (clean.into(), rules)
}

/// Whether a joiner beside it may have a meaning.
fn is_joined(character: char) -> bool {
    !character.is_ascii() && !character.is_whitespace() && !is_invisible(character)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_width_is_narrowed_and_nothing_else() {
        for (character, narrow) in [('Ａ', 'A'), ('＝', '='), ('～', '~'), ('客', '客'), ('a', 'a')]
        {
            assert_eq!(narrowed(character), narrow);
        }
    }

    #[test]
    fn what_cannot_be_seen_is_told_from_what_can() {
        for (character, expected) in
            [('\0', true), ('\u{feff}', true), ('\u{200d}', true), (' ', false), ('a', false)]
        {
            assert_eq!(is_invisible(character), expected, "{character:?}");
        }
    }

    #[test]
    fn texts_keep_what_has_a_meaning() {
        use Rule::{Invisible, LineBreak};
        for (text, expected, rules) in [
            ("Acme 客户", "Acme 客户", vec![]),
            ("gni\u{202e}la", "gnila", vec![Invisible]),
            ("\u{2066}A\u{2069}\u{feff}\u{200b}", "A", vec![Invisible]),
            ("a\u{2028}b\u{2029}", "a b ", vec![LineBreak]),
            // Persian and emoji are written with joiners, English is not.
            ("می\u{200c}خواهم", "می\u{200c}خواهم", vec![]),
            ("👩\u{200d}💻", "👩\u{200d}💻", vec![]),
            ("A\u{200d}B", "AB", vec![Invisible]),
            ("م\u{200c}\u{200c}\u{200c}", "م", vec![Invisible]),
            ("客\u{85}", "客\u{85}", vec![]),
        ] {
            let (clean, applied) = clean(text);
            assert_eq!((&*clean, applied.iter().collect()), (expected, rules), "{text:?}");
        }
    }
}
