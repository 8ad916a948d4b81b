//! Characters that look like others, or like nothing.

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
    character.is_control()
        || matches!(
            character,
            '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}'
                | '\u{feff}'
        )
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
}
