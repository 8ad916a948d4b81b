//! The keys by which sources name customers and orders, cleaned the same way on every way in.
//!
//! What nobody can see does not tell two keys apart: spaces at the ends, characters without
//! width, the width of letters and digits, and what a spreadsheet wraps round a number. Case
//! does, and is kept.

use std::borrow::Cow;

use crate::text::is_mark;

/// A change to a key or text, by what it undoes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// Spaces at the ends were taken off.
    Trimmed,
    /// Characters without width were taken out: byte order marks, joiners, direction marks.
    Invisible,
    /// Spaces of another kind between words became plain ones.
    Space,
    /// Letters, digits and signs of full width became plain ones.
    FullWidth,
    /// `="00123"` or `'00123`, by which spreadsheets keep a number a text, became `00123`.
    Formula,
    /// `NULL`, `n/a`, `#N/A`, a dash alone and the like became the empty key.
    Missing,
    /// `17850.0` became `17850`.
    Decimals,
    /// Line and paragraph separators became spaces: of texts, see [`crate::text::clean`].
    LineBreak,
}

/// The rules that changed a key or text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rules(u8);

impl Rules {
    /// Each of them.
    pub fn iter(self) -> impl Iterator<Item = Rule> {
        use Rule::{Decimals, Formula, FullWidth, Invisible, LineBreak, Missing, Space, Trimmed};
        let all = [Trimmed, Invisible, Space, FullWidth, Formula, Missing, Decimals, LineBreak];
        all.into_iter().filter(move |rule| self.0 & (1 << *rule as u8) != 0)
    }

    pub(crate) fn add(&mut self, rule: Rule) {
        self.0 |= 1 << rule as u8;
    }
}

/// What programs write where there is nothing, in lower case.
const MISSING: [&str; 18] = [
    "-", "\u{2013}", "\u{2014}", "\u{2212}", "null", "(null)", "<null>", "n/a", "#n/a", "nan",
    "none", "nil", "\\n", "#ref!", "#value!", "#name?", "#null!", "#div/0!",
];

/// A key, or another cell of a table, without what nobody can see; empty where it says that
/// there is nothing. The rules tell what was changed.
pub fn clean(text: &str) -> (Cow<'_, str>, Rules) {
    let mut rules = Rules::default();
    let mut key = if text.is_ascii() { text.into() } else { plain(text, &mut rules) };
    trim(&mut key, &mut rules);
    if let Some(inner) = kept_as_text(&key) {
        rules.add(Rule::Formula);
        key = inner.to_owned().into();
        trim(&mut key, &mut rules);
    }
    if is_missing(&key) {
        rules.add(Rule::Missing);
        key = "".into();
    }
    (key, rules)
}

/// A customer's key: [`clean`], and a whole number without the `.0` that spreadsheets and data
/// frames write in a column with gaps.
pub fn clean_customer(text: &str) -> (Cow<'_, str>, Rules) {
    let (key, mut rules) = clean(text);
    let Some(length) = whole_number(&key) else { return (key, rules) };
    rules.add(Rule::Decimals);
    (key[..length].to_owned().into(), rules)
}

/// The name of a kind as programs write it, empty where there is none: `Page View` is `page_view`.
pub fn name(text: &str) -> String {
    let (key, _) = clean(text);
    let plain = |letter: char| if matches!(letter, ' ' | '-') { '_' } else { letter };
    key.chars().flat_map(char::to_lowercase).map(plain).collect()
}

/// The key as it looks at a glance: two keys with the same look differ in case or in the width
/// of their letters alone.
pub fn look(key: &str) -> String {
    key.chars().map(|c| half_width_kana(c).unwrap_or(c)).flat_map(char::to_lowercase).collect()
}

/// Whether a character takes no room: it cannot tell two keys apart. Beside what texts are rid of
/// these are marks that choose between forms of a letter, fillers and tags.
fn is_invisible(c: char) -> bool {
    is_mark(c)
        || matches!(c,
            '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{180b}'..='\u{180f}' | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{ffa0}' | '\u{e0000}'..='\u{e01ef}')
}

/// The text without invisible characters, its spaces and full-width forms plain.
fn plain<'a>(text: &'a str, rules: &mut Rules) -> Cow<'a, str> {
    let mut clean = String::with_capacity(text.len());
    let trimmed = text.trim_matches(|c: char| c.is_whitespace() || is_invisible(c));
    for c in text.chars() {
        if is_invisible(c) {
            rules.add(Rule::Invisible);
        } else if let Some(ascii) = full_width(c) {
            rules.add(Rule::FullWidth);
            clean.push(ascii);
        } else if c.is_whitespace() && !c.is_ascii() && !c.is_control() {
            clean.push(' ');
        } else {
            clean.push(c);
        }
    }
    let odd = |c: char| c.is_whitespace() && !c.is_ascii() && !c.is_control();
    if trimmed.contains(odd) {
        rules.add(Rule::Space);
    }
    if clean == text { text.into() } else { clean.into() }
}

/// What a spreadsheet was told to keep as it is.
fn kept_as_text(key: &str) -> Option<&str> {
    let number = |rest: &&str| rest.starts_with(|c: char| c.is_ascii_digit());
    let formula = || key.strip_prefix("=\"").and_then(|rest| rest.strip_suffix('"'));
    key.strip_prefix('\'').filter(number).or_else(formula)
}

fn trim(key: &mut Cow<'_, str>, rules: &mut Rules) {
    let trimmed = key.trim();
    if trimmed.len() == key.len() {
        return;
    }
    rules.add(Rule::Trimmed);
    match key {
        Cow::Borrowed(text) => *text = text.trim(),
        Cow::Owned(_) => *key = trimmed.to_owned().into(),
    }
}

/// The plain form of a letter, digit or sign of full width.
fn full_width(c: char) -> Option<char> {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0),
        _ => None,
    }
}

/// The usual form of a katakana letter of half width.
fn half_width_kana(c: char) -> Option<char> {
    const KANA: &str = "。「」、・ヲァィゥェォャュョッーアイウエオカキクケコサシスセソタチツテト\
                        ナニヌネノハヒフヘホマミムメモヤユヨラリルレロワン゛゜";
    let place = u32::from(c).checked_sub(0xff61)?;
    KANA.chars().nth(usize::try_from(place).ok()?)
}

fn is_missing(key: &str) -> bool {
    key.len() <= 8 && MISSING.iter().any(|word| key.eq_ignore_ascii_case(word))
}

/// The length of the whole number in `17850.0`.
fn whole_number(key: &str) -> Option<usize> {
    let (number, zeros) = key.split_once('.')?;
    let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    (digits && !zeros.is_empty() && zeros.bytes().all(|byte| byte == b'0')).then_some(number.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(rules: Rules) -> String {
        let names: Vec<String> = rules.iter().map(|rule| format!("{rule:?}")).collect();
        names.join(" ")
    }

    #[test]
    fn what_cannot_be_seen_is_taken_off() {
        for (text, key, rules) in [
            ("k1", "k1", ""),
            ("K1", "K1", ""),
            (" k1\t", "k1", "Trimmed"),
            ("\u{a0}k1\u{3000}", "k1", "Trimmed"),
            ("\u{feff}k\u{200b}1", "k1", "Invisible"),
            ("a\u{a0}b", "a b", "Space"),
            ("Ｋ１－２", "K1-2", "FullWidth"),
            ("客户 7", "客户 7", ""),
            ("=\"00123\"", "00123", "Formula"),
            ("=\" 00123\"", "00123", "Trimmed Formula"),
            ("=\"NULL\"", "", "Formula Missing"),
            ("'00123", "00123", "Formula"),
            ("'t Hooft", "'t Hooft", ""),
            ("-", "", "Missing"),
            (" \u{2014} ", "", "Trimmed Missing"),
            ("-5", "-5", ""),
            (" ", "", "Trimmed"),
            ("\u{a0}", "", "Trimmed"),
            ("\u{feff}", "", "Invisible"),
            ("n/A", "", "Missing"),
            ("#N/A", "", "Missing"),
            ("Ｎ／Ａ", "", "FullWidth Missing"),
            ("nullable", "nullable", ""),
            ("17850.0", "17850.0", ""),
        ] {
            let (cleaned, applied) = clean(text);
            assert_eq!((&*cleaned, names(applied).as_str()), (key, rules), "{text:?}");
            // What is clean stays as it is.
            assert_eq!(clean(key), (key.into(), Rules::default()), "{text:?}");
        }
    }

    #[test]
    fn customers_that_a_data_frame_numbered() {
        for (text, key, rules) in [
            ("17850.0", "17850", "Decimals"),
            (" 17850.00", "17850", "Trimmed Decimals"),
            ("17850.5", "17850.5", ""),
            (".0", ".0", ""),
            ("a.0", "a.0", ""),
        ] {
            let (cleaned, applied) = clean_customer(text);
            assert_eq!((&*cleaned, names(applied).as_str()), (key, rules), "{text:?}");
        }
    }

    #[test]
    fn keys_that_look_the_same() {
        for (one, other) in [("K1", "k1"), ("ｶﾅ", "カナ"), ("ÄB", "äb")] {
            assert_eq!(look(one), look(other));
        }
        assert_ne!(look("K1"), look("K2"));
    }
}
