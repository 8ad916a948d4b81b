//! How two values of a field are compared: what of them is compared, and how alike they are.

use serde::{Deserialize, Serialize};
use strsim::{jaro_winkler, osa_distance};

use crate::match_key;

/// Letters at most that are compared of a value: alignments take the square of it.
const LONGEST: usize = 80;
/// From what similarity on two texts are close, and similar: levels that Winkler (1990) and who
/// followed him settled on for names.
const CLOSE: f64 = 0.92;
const SIMILAR: f64 = 0.8;
/// The last digits of a phone number, which are the same with and without codes of country and area.
const PHONE_DIGITS: usize = 8;
/// A number of fewer digits is an extension or a mistake.
const FEWEST_PHONE_DIGITS: usize = 5;

/// How the values of a field are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Comparison {
    /// A name of a company or a person, by its match keys.
    Name,
    /// Words: addresses, streets, contacts.
    Text,
    /// A phone number, by its last 8 digits.
    Phone,
    /// An e-mail address; of two with another domain the part before it.
    Email,
    /// A date, digit by digit.
    Date,
    /// A code or a place: the same or not.
    Exact,
}

/// How alike two values are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// One of the two is not there, which tells nothing.
    Missing,
    /// They have little in common.
    Different,
    /// They have some in common.
    Similar,
    /// They differ as slips of the pen do.
    Close,
    /// They are the same.
    Same,
}

impl Level {
    /// Those that tell something, in the order of [`place`](Self::place).
    pub const TELLING: [Self; LEVELS] = [Self::Different, Self::Similar, Self::Close, Self::Same];

    /// Its place among the levels that tell something.
    pub(super) fn place(self) -> Option<usize> {
        Self::TELLING.iter().position(|level| *level == self)
    }
}

/// How many levels tell something.
pub const LEVELS: usize = 4;

/// A value as it is compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prepared {
    /// What is the same in two values that are the same.
    pub(super) key: String,
    /// Another key by which two are the same as well: of the words of a person's name, of what is
    /// before the domain of an e-mail address.
    pub(super) other: Option<String>,
    /// Its words in byte order.
    pub(super) words: Vec<String>,
}

impl Comparison {
    /// The value as it is compared; `None` where it tells nothing.
    pub fn prepare(self, text: &str) -> Option<Prepared> {
        match self {
            Self::Name => {
                let keys = match_key::of_name(text)?;
                Some(Prepared { words: words(text), key: keys.name, other: keys.person })
            }
            Self::Text | Self::Exact => {
                let words = words(text);
                (!words.is_empty()).then(|| Prepared { key: words.join(" "), other: None, words })
            }
            Self::Phone => {
                let digits = digits(text);
                let from = digits.len().saturating_sub(PHONE_DIGITS);
                let long = digits.len() >= FEWEST_PHONE_DIGITS;
                long.then(|| Prepared::of(digits[from..].to_owned(), None))
            }
            Self::Email => {
                let address = text.trim().to_lowercase();
                let (local, domain) = address.split_once('@')?;
                let local = (!local.is_empty() && !domain.is_empty()).then(|| local.to_owned())?;
                Some(Prepared::of(address, Some(local)))
            }
            Self::Date => {
                let digits = digits(text);
                (digits.len() == 8).then(|| Prepared::of(digits, None))
            }
        }
    }

    /// How alike two values are.
    pub fn compare(self, one: Option<&Prepared>, other: Option<&Prepared>) -> Level {
        let (Some(one), Some(other)) = (one, other) else { return Level::Missing };
        if one.key == other.key {
            return Level::Same;
        }
        let same_other = one.other.is_some() && one.other == other.other;
        match self {
            Self::Name if one.is_named_as(other) => Level::Same,
            Self::Name | Self::Text => alike(one, other),
            Self::Phone | Self::Date if osa_distance(&one.key, &other.key) == 1 => Level::Close,
            Self::Date if one.key[4..] == other.key[4..] || one.key[..6] == other.key[..6] => {
                Level::Similar
            }
            Self::Email if same_other => Level::Close,
            Self::Email => level(jaro_winkler(&one.key, &other.key), &[(CLOSE, Level::Similar)]),
            Self::Phone | Self::Date | Self::Exact => Level::Different,
        }
    }

    /// Whether two values that are the same tell the more, the fewer have them.
    pub(super) fn has_frequencies(self) -> bool {
        !matches!(self, Self::Date)
    }
}

impl Prepared {
    /// Whether one of the keys of both is the same: a title may be left out.
    fn is_named_as(&self, other: &Self) -> bool {
        let keys = |value: &Self| [Some(value.key.clone()), value.other.clone()];
        let of_other = keys(other);
        keys(self).iter().flatten().any(|key| of_other.iter().flatten().any(|of| of == key))
    }

    fn of(key: String, other: Option<String>) -> Self {
        Self { key, other, words: Vec::new() }
    }
}

/// Texts by their letters in order (Winkler 1990), or by the words that they share (Jaccard), whatever
/// makes them more alike: words are swapped and left out as letters are.
fn alike(one: &Prepared, other: &Prepared) -> Level {
    let letters = jaro_winkler(&one.key, &other.key);
    let scale = [(CLOSE, Level::Close), (SIMILAR, Level::Similar)];
    level(letters, &scale).max(level(shared(&one.words, &other.words), &scale_of_words()))
}

fn scale_of_words() -> [(f64, Level); 2] {
    [(0.75, Level::Close), (0.5, Level::Similar)]
}

fn level(similarity: f64, scale: &[(f64, Level)]) -> Level {
    let reached = scale.iter().find(|(least, _)| similarity >= *least);
    reached.map_or(Level::Different, |(_, level)| *level)
}

/// The share of the words of both that both have.
fn shared(one: &[String], other: &[String]) -> f64 {
    let both = one.iter().filter(|word| other.binary_search(word).is_ok()).count();
    let all = one.len() + other.len() - both;
    if one.len() < 2 && other.len() < 2 || all == 0 {
        return 0.0;
    }
    ratio(both, all)
}

/// A share, of counts that are far below 2^52.
pub(super) fn ratio(part: usize, whole: usize) -> f64 {
    let number = |count: usize| u32::try_from(count).map_or(f64::from(u32::MAX), f64::from);
    number(part) / number(whole)
}

/// The words in byte order, each once.
fn words(text: &str) -> Vec<String> {
    let mut words = match_key::words_of(text);
    let mut letters = 0;
    words.retain(|word| {
        letters += word.chars().count();
        letters <= LONGEST
    });
    words.sort_unstable();
    words.dedup();
    words
}

fn digits(text: &str) -> String {
    text.chars().map(crate::text::narrowed).filter(char::is_ascii_digit).take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_are_alike() {
        use Level::{Close, Different, Missing, Same, Similar};
        for (comparison, one, other, level) in [
            (Comparison::Name, "華為技術有限公司", "华为技术", Same),
            (Comparison::Name, "Smith, John", "Mr John Smith", Same),
            (Comparison::Name, "欧阳娜娜女士", "歐陽娜娜", Same),
            (Comparison::Name, "Jonathan Smith", "Jonathon Smith", Close),
            (Comparison::Name, "Acme Ltd", "Zenith Ltd", Different),
            (Comparison::Name, "Acme", "☆", Missing),
            (Comparison::Text, "12 Main St.", "12, main st", Same),
            (Comparison::Text, "Main St 12", "12 Main St", Same),
            (Comparison::Text, "12 Main St", "12 Main St Apt", Close),
            (Comparison::Text, "12 Main St North", "12 Main St South 4", Similar),
            (Comparison::Phone, "+44 20 7946 0958", "(020) 7946-0958", Same),
            (Comparison::Phone, "79460958", "79460985", Close),
            (Comparison::Phone, "79460958", "11111111", Different),
            (Comparison::Phone, "12", "12", Missing),
            (Comparison::Email, "A@b.cn ", "a@B.cn", Same),
            (Comparison::Email, "zhang.wei@b.cn", "zhang.wei@c.com", Close),
            (Comparison::Email, "zhang.wei@b.cn", "zhangwei@b.cn", Similar),
            (Comparison::Email, "nobody", "nobody", Missing),
            (Comparison::Date, "1980-02-03", "19800203", Same),
            (Comparison::Date, "1980-02-03", "1980-02-30", Close),
            (Comparison::Date, "1980-02-03", "1975-02-03", Similar),
            (Comparison::Date, "1980-02-03", "1991-12-24", Different),
            (Comparison::Exact, "LEEDS", "leeds", Same),
            (Comparison::Exact, "Leeds", "Leed", Different),
        ] {
            let [a, b] = [one, other].map(|text| comparison.prepare(text));
            assert_eq!(comparison.compare(a.as_ref(), b.as_ref()), level, "{one} {other}");
            assert_eq!(comparison.compare(b.as_ref(), a.as_ref()), level, "{other} {one}");
        }
    }
}
