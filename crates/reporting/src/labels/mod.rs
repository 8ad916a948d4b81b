//! Every text of the page, once in each language.
//!
//! A text with a figure in it names the figure in braces: `{count}`; [`fill`] puts it in.

mod en;
mod zh_cn;

use kehu_core::{Label, label::Language};

/// The texts of one language. A text that one language lacks does not compile.
#[derive(Debug)]
#[cfg_attr(test, derive(serde::Serialize))]
pub(crate) struct Labels {
    /// BCP 47 tag of the language.
    pub(crate) tag: &'static str,
    pub(crate) title: &'static str,
    pub(crate) months: [&'static str; 12],

    pub(crate) as_of: &'static str,
    pub(crate) known: &'static str,
    pub(crate) known_now: &'static str,
    pub(crate) compared_with: &'static str,
    pub(crate) no_comparison: &'static str,
    pub(crate) currency: &'static str,
    pub(crate) time_zone: &'static str,
    pub(crate) taxonomy: &'static str,
    pub(crate) data_base: &'static str,

    pub(crate) customers: &'static str,
    pub(crate) orders: &'static str,
    pub(crate) net_sales: &'static str,
    pub(crate) returns: &'static str,
    pub(crate) sales: &'static str,
    pub(crate) mean_order: &'static str,
    pub(crate) top_fifth: &'static str,
    pub(crate) first_since: &'static str,
    pub(crate) since: &'static str,
    pub(crate) of_sales: &'static str,
    pub(crate) before_returns: &'static str,
    pub(crate) of_net_sales: &'static str,
    pub(crate) unclassified: &'static str,

    pub(crate) brief: &'static str,
    pub(crate) brief_top_fifth: &'static str,
    pub(crate) brief_largest_class: &'static str,
    pub(crate) brief_moved: &'static str,
    pub(crate) brief_last_month: &'static str,
    pub(crate) brief_last_month_cut: &'static str,

    pub(crate) classes: &'static str,
    pub(crate) classes_caption: &'static str,
    pub(crate) class: &'static str,
    pub(crate) share_of_customers: &'static str,
    pub(crate) share_of_net_sales: &'static str,
    pub(crate) earlier: &'static str,
    pub(crate) joined: &'static str,
    pub(crate) left: &'static str,
    pub(crate) total: &'static str,
    pub(crate) no_profile: &'static str,
    pub(crate) no_service_level: &'static str,
    pub(crate) no_strategy: &'static str,
    pub(crate) other: &'static str,
    pub(crate) codes: &'static str,

    pub(crate) class_shares: &'static str,
    pub(crate) class_shares_description: &'static str,
    pub(crate) class_hint: &'static str,

    pub(crate) members_by_month: &'static str,
    pub(crate) members_caption: &'static str,
    pub(crate) members_note: &'static str,
    pub(crate) members: &'static str,
    pub(crate) upgraded: &'static str,
    pub(crate) downgraded: &'static str,
    pub(crate) kept: &'static str,
    pub(crate) lost: &'static str,

    pub(crate) migration: &'static str,
    pub(crate) migration_caption: &'static str,
    pub(crate) migration_note: &'static str,
    pub(crate) class_on: &'static str,
    pub(crate) new_customers: &'static str,
    pub(crate) no_class_yet: &'static str,
    pub(crate) cell_from_to: &'static str,

    pub(crate) pareto: &'static str,
    pub(crate) pareto_description: &'static str,
    pub(crate) pareto_guide: [&'static str; 2],
    pub(crate) pareto_even: &'static str,
    pub(crate) pareto_none: &'static str,
    pub(crate) customers_from_largest: &'static str,

    pub(crate) rfm: &'static str,
    pub(crate) rfm_note: &'static str,
    pub(crate) rfm_none: &'static str,
    pub(crate) rfm_customers: &'static str,
    pub(crate) rfm_amount: &'static str,
    pub(crate) rfm_description: &'static str,
    pub(crate) recency: &'static str,
    pub(crate) frequency: &'static str,
    pub(crate) recent: &'static str,
    pub(crate) long_ago: &'static str,
    pub(crate) few: &'static str,
    pub(crate) many: &'static str,
    pub(crate) rfm_cell: &'static str,

    pub(crate) trend: &'static str,
    pub(crate) trend_sales: &'static str,
    pub(crate) trend_sales_description: &'static str,
    pub(crate) trend_sales_hint: &'static str,
    pub(crate) trend_customers: &'static str,
    pub(crate) trend_customers_description: &'static str,
    pub(crate) trend_customers_hint: &'static str,
    pub(crate) trend_caption: &'static str,
    pub(crate) month: &'static str,
    pub(crate) known_customers: &'static str,
    pub(crate) cut_month: &'static str,

    pub(crate) definitions: &'static str,
    pub(crate) definition_customers: [&'static str; 2],
    pub(crate) definition_orders: [&'static str; 2],
    pub(crate) definition_net_sales: [&'static str; 2],
    pub(crate) definition_mean_order: [&'static str; 2],
    pub(crate) definition_moves: [&'static str; 2],
    pub(crate) definition_members: [&'static str; 2],
    pub(crate) definition_pareto: [&'static str; 2],
    pub(crate) definition_abc: [&'static str; 2],
    pub(crate) definition_rfm: [&'static str; 2],
    pub(crate) definition_new: [&'static str; 2],
    pub(crate) definition_time: [&'static str; 2],
    pub(crate) definition_rounding: [&'static str; 2],
    pub(crate) colophon: &'static str,
}

impl Labels {
    /// The texts of `language`.
    pub(crate) fn of(language: Language) -> &'static Self {
        match language {
            Language::En => &en::LABELS,
            Language::ZhCn => &zh_cn::LABELS,
        }
    }
}

/// One text in both languages.
pub(crate) fn both(text: impl Fn(&Labels) -> &'static str) -> Label {
    Label::new(text(Labels::of(Language::ZhCn)), text(Labels::of(Language::En)))
}

/// The text with each `{name}` replaced by its value. Values are not looked into again.
pub(crate) fn fill(text: &str, values: &[(&str, &str)]) -> String {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, behind) = after.split_once('}').unwrap_or((after, ""));
        let value = values.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
        filled.push_str(before);
        filled.push_str(value.unwrap_or_default());
        rest = behind;
    }
    filled + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;
    use std::collections::{BTreeMap, BTreeSet};

    /// Every text of a language by its path.
    fn texts(language: Language) -> BTreeMap<String, String> {
        let mut texts = BTreeMap::new();
        collect("", &serde_json::to_value(Labels::of(language)).unwrap(), &mut texts);
        texts
    }

    fn collect(path: &str, value: &Value, texts: &mut BTreeMap<String, String>) {
        match value {
            Value::String(text) => {
                texts.insert(path.to_owned(), text.clone());
            }
            Value::Array(items) => {
                for (place, item) in items.iter().enumerate() {
                    collect(&format!("{path}.{place}"), item, texts);
                }
            }
            Value::Object(fields) => {
                for (name, field) in fields {
                    collect(name, field, texts);
                }
            }
            other => panic!("{path}: {other}"),
        }
    }

    fn placeholders(text: &str) -> BTreeSet<&str> {
        text.split('{').skip(1).map(|part| part.split_once('}').unwrap().0).collect()
    }

    #[test]
    fn every_text_is_there_in_both_languages() {
        let (en, zh) = (texts(Language::En), texts(Language::ZhCn));
        assert!(en.len() > 80, "{} texts", en.len());
        for (path, text) in &en {
            let other = &zh[path];
            assert!(!text.trim().is_empty() && !other.trim().is_empty(), "{path} is empty");
            assert_ne!(text, other, "{path} is not translated");
            assert_eq!(placeholders(text), placeholders(other), "{path}");
        }
    }

    #[test]
    fn no_text_mixes_languages() {
        for (path, text) in texts(Language::En) {
            assert!(text.chars().all(|it| !is_chinese(it)), "{path}: {text}");
        }
        for (path, text) in texts(Language::ZhCn) {
            if path != "tag" {
                let words = latin_words(&text);
                assert!(
                    words
                        .iter()
                        .all(|word| ["ABC", "RFM", "Kehu", "A", "B", "C"].contains(&word.as_str())),
                    "{path}: {words:?}"
                );
            }
        }
    }

    fn is_chinese(character: char) -> bool {
        ('\u{3000}'..='\u{9fff}').contains(&character)
            || ('\u{ff00}'..='\u{ffef}').contains(&character)
    }

    /// The words of Latin letters in a text, placeholders apart.
    fn latin_words(text: &str) -> Vec<String> {
        let filled = fill(text, &[]);
        let words = filled.split(|it: char| !it.is_ascii_alphabetic());
        words.filter(|word| !word.is_empty()).map(str::to_owned).collect()
    }

    #[test]
    fn figures_are_filled_in() {
        let filled = fill("{a} of {b}: {a}", &[("a", "1 {b}"), ("b", "2")]);
        assert_eq!(filled, "1 {b} of 2: 1 {b}");
    }
}
