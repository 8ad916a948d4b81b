//! Text shown to people, in the two languages of the product.

use serde::{Deserialize, Serialize};

use crate::text::is_invisible;

/// A name in Chinese (zh-CN) and English. Either may be empty; [`Label::get`] then falls
/// back to the other.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Label {
    /// Simplified Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

/// The languages that labels and reports exist in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// English, the default.
    #[default]
    En,
    /// Simplified Chinese.
    ZhCn,
}

impl Label {
    /// A label from its Chinese and English texts.
    pub fn new(zh: &str, en: &str) -> Self {
        Self { zh: zh.to_owned(), en: en.to_owned() }
    }

    /// The text in `language`, or in the other one when that is empty.
    pub fn get(&self, language: Language) -> &str {
        let (wanted, other) = match language {
            Language::En => (&self.en, &self.zh),
            Language::ZhCn => (&self.zh, &self.en),
        };
        if wanted.is_empty() { other } else { wanted }
    }

    /// Whether there is no text in either language.
    pub fn is_empty(&self) -> bool {
        self.zh.is_empty() && self.en.is_empty()
    }

    /// What is wrong with a label that must not be empty; `None` when it is good.
    pub fn problem(&self) -> Option<&'static str> {
        if self.is_empty() { Some("must not be empty in both languages") } else { self.foreign() }
    }

    /// What is wrong with a label that may be empty; `None` when it is good. Terminals and pages
    /// take control characters and marks of direction for orders.
    pub fn foreign(&self) -> Option<&'static str> {
        let mut characters = self.zh.chars().chain(self.en.chars());
        let found = characters.any(is_invisible);
        found.then_some("must not hold control characters or others that cannot be seen")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_have_a_text_that_can_be_seen_whole() {
        for (label, good, may_be_empty) in [
            (Label::new("大客户", ""), true, true),
            (Label::new("", "Key, main & ordinary"), true, true),
            (Label::new("", ""), false, true),
            (Label::new("客\u{1b}[2J户", ""), false, false),
            (Label::new("", "key\0"), false, false),
            (Label::new("", "key\n"), false, false),
            (Label::new("", "\u{202e}yek"), false, false),
        ] {
            assert_eq!(label.problem().is_none(), good, "{label:?}");
            assert_eq!(label.foreign().is_none(), may_be_empty, "{label:?}");
        }
    }
}
