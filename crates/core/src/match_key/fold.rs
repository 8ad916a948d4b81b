//! Characters as they are compared: one form for every way of writing the same letter.

use std::collections::HashMap;
use std::sync::LazyLock;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

const TABLE: &str = include_str!("simplified.txt");

/// The simplified character of each traditional one.
static SIMPLIFIED: LazyLock<HashMap<char, char>> = LazyLock::new(|| {
    let lines = TABLE.lines().filter(|line| !line.starts_with('#'));
    let mut pairs = HashMap::new();
    for line in lines {
        let mut characters = line.chars();
        while let (Some(traditional), Some(simplified)) = (characters.next(), characters.next()) {
            pairs.insert(traditional, simplified);
        }
    }
    pairs
});

/// The text in compatibility form (Unicode Standard Annex 15, NFKC), so that full and half width,
/// circled and composed letters are one; without case and accents, and in simplified characters.
pub(super) fn fold(text: &str) -> String {
    let cased = text.nfkc().flat_map(char::to_uppercase).flat_map(char::to_lowercase);
    let folded = cased.nfkd().filter(|c| !is_accent(*c)).nfkc();
    folded.map(|c| *SIMPLIFIED.get(&c).unwrap_or(&c)).collect()
}

/// Accents of Latin, Greek and Cyrillic letters. Marks of other scripts are vowels or make another
/// letter, as the two strokes do of kana.
fn is_accent(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}')
}

/// Whether it is part of a word; all else is noise.
pub(super) fn is_letter(c: char) -> bool {
    c.is_alphanumeric() || is_combining_mark(c)
}

/// Whether it is of a script that is written without spaces: Han and kana.
pub(super) fn is_unspaced(c: char) -> bool {
    matches!(
        c,
        '\u{3005}'..='\u{3007}' | '\u{3041}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}'
            | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{323af}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_whole_and_leads_nowhere_twice() {
        assert_eq!(SIMPLIFIED.len(), 3_222);
        for (traditional, simplified) in SIMPLIFIED.iter() {
            assert_ne!(traditional, simplified);
            assert!(!SIMPLIFIED.contains_key(simplified), "{traditional} {simplified}");
        }
    }

    #[test]
    fn ways_to_write_a_letter() {
        for (text, folded) in [
            ("ＡｂＣ１２３", "abc123"),
            ("Straße STRASSE", "strasse strasse"),
            ("Ångström ANGSTRO\u{308}M", "angstrom angstrom"),
            ("Σίσυφος", "σισυφοσ"),
            ("İstanbul ISTANBUL", "istanbul istanbul"),
            ("ｶﾞｽ ガス カス", "ガス ガス カス"),
            ("㈱①ﬁ", "(株)1fi"),
            ("華為技術有限公司", "华为技术有限公司"),
            ("臺灣積體電路", "台湾积体电路"),
            ("\u{f900}\u{4e94}", "岂五"),
            ("हिन्दी", "हिन्दी"),
        ] {
            assert_eq!(fold(text), folded, "{text}");
            assert_eq!(fold(folded), folded, "{text}");
        }
    }
}
