//! Text shown to people, in the two languages of the product.

use serde::{Deserialize, Serialize};

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
}
