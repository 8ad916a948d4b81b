//! The match key of a name: the same for every way in which people write it.
//!
//! 華為技術有限公司, `華為 技術（有限公司）` and 华为技术 have one key, and so have `ACME Co., Ltd.` and
//! `Acme`. What differs between two ways of writing is taken off: width, case, accents, traditional
//! characters, spaces, signs, what cannot be seen, legal forms. The words of a person's name come in
//! any order, so it has a second key, of its words in byte order and without titles.
//!
//! Names with the same key are the same to the eye, and need not be the same customer.

mod fold;
mod forms;

use crate::text::is_invisible;
use fold::{is_letter, is_unspaced};

/// Longest key, in characters: more than a name has, but for letters that stand for phrases.
const LONGEST: usize = 200;

/// The keys of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameKeys {
    /// The words without legal forms, joined.
    pub name: String,
    /// The words in byte order without titles, with spaces between; `None` where the name has a legal
    /// form, or one word and no title.
    pub person: Option<String>,
}

/// The match keys of a name; `None` where it has no letter and no digit.
pub fn of_name(text: &str) -> Option<NameKeys> {
    let folded = forms::BRACKETED.iter().fold(fold::fold(text), |text, form| {
        if text.contains(form) { text.replace(form, " ") } else { text }
    });
    let words = words(&folded);
    if words.is_empty() {
        return None;
    }
    let mut name = Vec::with_capacity(words.len());
    let mut has_form = false;
    for word in &words {
        if !word.starts_with(is_unspaced) {
            name.push(word.clone());
            continue;
        }
        let (rest, stripped) = forms::strip_unspaced(word);
        has_form |= stripped;
        if !rest.is_empty() {
            name.push(rest);
        }
    }
    has_form |= forms::strip_words(&mut name);
    let name = if name.is_empty() { words.concat() } else { name.concat() };
    let person = if has_form { None } else { person(words) };
    Some(NameKeys { name: short(name), person })
}

/// The words of a text, without width, case, accents and noise: 12 Main St. is `12`, `main`, `st`.
pub fn words_of(text: &str) -> Vec<String> {
    words(&fold::fold(text))
}

fn person(mut words: Vec<String>) -> Option<String> {
    let titled = forms::strip_titles(&mut words);
    if words.is_empty() || (words.len() == 1 && !titled) {
        return None;
    }
    words.sort_unstable();
    Some(short(words.join(" ")))
}

/// The words of a folded text. Han and kana, which are written without spaces, are one word until
/// letters of another script come; `&` is a word, and points within initials are nothing.
fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut open = false;
    let mut initials = 0;
    for c in text.chars() {
        let unspaced = is_unspaced(c);
        let of_last = words.last().is_some_and(|last| last.starts_with(is_unspaced) == unspaced);
        if c == '&' {
            words.push("and".to_owned());
            open = false;
        } else if is_invisible(c) && !c.is_whitespace() {
            // Within a word, which goes on.
        } else if !is_letter(c) {
            open &= matches!(c, '\'' | '\u{2018}' | '\u{2019}' | '`')
                || (matches!(c, '.' | '/') && initials == 1);
            initials = 0;
        } else {
            match words.last_mut() {
                Some(last) if of_last && (open || unspaced) => last.push(c),
                _ => words.push(c.to_string()),
            }
            open = true;
            initials += 1;
        }
    }
    words
}

fn short(key: String) -> String {
    match key.char_indices().nth(LONGEST) {
        Some((end, _)) => key[..end].to_owned(),
        None => key,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn name(text: &str) -> String {
        of_name(text).map(|keys| keys.name).unwrap_or_default()
    }

    fn person(text: &str) -> Option<String> {
        of_name(text).and_then(|keys| keys.person)
    }

    #[test]
    fn companies() {
        for (key, ways) in [
            (
                "华为技术",
                &[
                    "华为技术有限公司",
                    "華為技術有限公司",
                    "華爲 技術 有限 公司",
                    "　華為技術（有限公司）。",
                    "华为技术股份有限公司",
                    "【华为技术】",
                    "华\u{200b}为-技术 集团有限公司",
                    "*华为技术*公司",
                ][..],
            ),
            ("阿里巴巴中国网络技术", &["阿里巴巴（中国）网络技术有限公司", "阿里巴巴中國網絡技術"]),
            ("华为技术北京分公司", &["华为技术有限公司北京分公司", "華為技術（北京分公司）"]),
            ("トヨタ自动车", &["トヨタ自動車株式会社", "㈱トヨタ自動車", "(株)ﾄﾖﾀ自動車"]),
            (
                "acme",
                &[
                    "ACME",
                    "Acme Ltd",
                    "acme limited",
                    "Ａｃｍｅ Co., Ltd.",
                    "ACME CO.,LTD",
                    "Acme Co.Ltd",
                    "Acme, Inc.",
                    "A.C.M.E. Corp",
                    "The Acme Company",
                    "Acme GmbH",
                    "Acme GmbH & Co. KG",
                    "Acme S.p.A.",
                    "acme s.a.",
                    "Acme有限公司",
                    "Acme Sdn. Bhd.",
                    "Acme Holdings Pte. Ltd.",
                    "«Acme» ООО",
                    "Ácmé A/S",
                    "주식회사 ACME",
                ],
            ),
            ("smithandsons", &["Smith & Sons Ltd", "SMITH AND SONS"]),
            ("oreilly", &["O'Reilly", "O’REILLY Inc"]),
            ("有限公司", &["有限公司", "（有限公司）"]),
            ("limited", &["Limited", "LIMITED."]),
            ("acmelabs", &["Acme Labs", "Ac\u{ad}me La\u{200b}bs"]),
            ("3m", &["3M", "３Ｍ Company"]),
        ] {
            for way in ways {
                assert_eq!(name(way), key, "{way}");
            }
        }
        for (one, other) in [("Acme", "Acne"), ("华为", "华威"), ("集团", "公司"), ("が", "か")]
        {
            assert_ne!(name(one), name(other));
        }
        assert_eq!(of_name(" —（）\u{200b}☆ "), None);
    }

    #[test]
    fn persons() {
        for (key, ways) in [
            (
                "john smith",
                &["John Smith", "SMITH, John", "Mr. John Smith", "Smith\tJohn", "dr john smith"][..],
            ),
            ("jose maria perez", &["José María Pérez"]),
            ("jean luc picard", &["Jean-Luc Picard", "Picard, Jean Luc"]),
            ("john oneill", &["John O'Neill", "O’NEILL John"]),
            ("maria sa", &["Maria Sá", "SÁ, Maria"]),
            ("欧阳娜娜", &["歐陽娜娜女士", "欧阳 娜娜 小姐"]),
        ] {
            let mut sorted: Vec<&str> = key.split(' ').collect();
            sorted.sort_unstable();
            for way in ways {
                assert_eq!(person(way).as_deref(), Some(sorted.join(" ").as_str()), "{way}");
            }
        }
        // One word says it all, and a company is no person.
        for text in ["欧阳娜娜", "Madonna", "王先生", "Acme Trading Ltd", ""] {
            assert_eq!(person(text), None, "{text}");
        }
        assert_eq!(name("歐陽　娜娜"), name("欧阳娜娜"));
    }

    proptest! {
        #[test]
        fn any_text_has_keys_of_letters_within_bounds(text in "\\PC{0,300}") {
            if let Some(keys) = of_name(&text) {
                prop_assert!(!keys.name.is_empty());
                for key in [Some(keys.name), keys.person].into_iter().flatten() {
                    prop_assert!(key.chars().count() <= LONGEST);
                    prop_assert!(key.chars().all(|c| is_letter(c) || c == ' '));
                }
            }
        }

        #[test]
        fn noise_and_case_change_nothing(text in "[a-z华為技術0-9 ]{1,20}") {
            let noisy: String = text.chars().flat_map(|c| [c, '\u{200b}']).collect();
            let spaced = format!(" （{}）。", text.to_uppercase());
            prop_assert_eq!(name(&spaced), name(&text));
            let han: String = noisy.chars().filter(|c| !c.is_ascii()).collect();
            prop_assert_eq!(name(&han), name(&han.replace('\u{200b}', "")));
        }
    }
}
