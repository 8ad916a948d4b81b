//! The keys of phone numbers and e-mail addresses, by which customers are found however one is written.
//!
//! Two numbers are one when the digits of one end with those of the other: `+44 20 7946 0958`,
//! `020 7946 0958` and `7946 0958`. A key is written backwards, so that what ends alike begins alike and
//! stands together in an index. Zeros in front, which lead out of an area or a country, do not count,
//! nor does the one in brackets of `+44 (0)20`.

use crate::text::narrowed;

/// Fewer digits are no number.
const FEWEST: usize = 5;
/// From so many digits on a number is the end of a longer one; shorter ones, as 95555, are whole.
const FEWEST_OF_END: usize = 7;
/// More digits than any number has, with its extension.
const MOST: usize = 24;

/// The key of a phone number; `None` for what is none.
pub fn phone(text: &str) -> Option<String> {
    let text: String = text.chars().map(narrowed).collect();
    let text = text.replace("(0)", "");
    let digits: Vec<char> = text.chars().filter(char::is_ascii_digit).collect();
    let zeros = digits.iter().take_while(|digit| **digit == '0').count();
    let letters = text.chars().any(char::is_alphabetic);
    let digits = &digits[zeros..];
    let is_number = !letters && (FEWEST..=MOST).contains(&digits.len());
    is_number.then(|| digits.iter().rev().collect())
}

/// What the keys of the numbers that are one with that of this key are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SameNumber {
    /// The key itself and those that it goes on from: numbers without its area, or its country.
    pub shorter: Vec<String>,
    /// Those that go on from it are not below the first text, and below the second; `None` where a
    /// longer number is another one.
    pub longer: Option<(String, String)>,
}

impl SameNumber {
    /// Of a key of [`phone`].
    pub fn of(key: &str) -> Self {
        let ends = (FEWEST_OF_END..key.len()).filter_map(|length| key.get(..length));
        let shorter = ends.chain([key]).map(str::to_owned).collect();
        // The character after 9.
        let longer = (key.len() >= FEWEST_OF_END).then(|| (key.to_owned(), format!("{key}:")));
        Self { shorter, longer }
    }
}

/// The key of an e-mail address: case and the width of letters do not count. `None` for what is none.
pub fn email(text: &str) -> Option<String> {
    let address: String = text.trim().chars().map(narrowed).flat_map(char::to_lowercase).collect();
    let (local, domain) = address.rsplit_once('@')?;
    let whole = !local.is_empty() && !domain.is_empty() && !address.contains(char::is_whitespace);
    whole.then_some(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(one: &str, other: &str) -> bool {
        let of = SameNumber::of(&phone(one).unwrap());
        let key = phone(other).unwrap();
        let longer = |(from, below): (String, String)| (from..below).contains(&key);
        of.shorter.contains(&key) || of.longer.is_some_and(longer)
    }

    #[test]
    fn a_number_is_one_however_it_is_written() {
        for (one, other, expected) in [
            ("+44 20 7946 0958", "(020) 7946-0958", true),
            ("+44 (0)20 7946 0958", "0044 20 79460958", true),
            ("79460958", "+44 20 7946 0958", true),
            ("13912345678", "＋８６ 139-1234-5678", true),
            ("010-12345678", "021-12345678", false),
            ("010-12345678", "+86 10 12345678", true),
            ("95555", "95555", true),
            ("95555", "13900095555", false),
            ("13912345678", "13912345679", false),
        ] {
            assert_eq!(same(one, other), expected, "{one} {other}");
            assert_eq!(same(other, one), expected, "{other} {one}");
        }
    }

    #[test]
    fn what_is_no_number_or_address_has_no_key() {
        for text in ["", "0000", "1234", "A1234567", "1234567890123456789012345"] {
            assert_eq!(phone(text), None, "{text}");
        }
        for text in ["", "@", "a@", "@b", "a b@c", "nobody"] {
            assert_eq!(email(text), None, "{text}");
        }
        assert_eq!(email(" Zhang.Wei＠B.cn ").as_deref(), Some("zhang.wei@b.cn"));
    }
}
