//! Keys and texts that were cleaned, by the rules that changed them.

use std::collections::BTreeMap;

use kehu_contract::ingestion::{CleanedValues, CleaningRule};
use kehu_core::key::{Rule, Rules};

/// How many keys and texts each rule has changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Cleaned {
    values: i32,
    by_rule: BTreeMap<CleaningRule, i32>,
}

impl Cleaned {
    /// Counts a key or text, where any rule changed it.
    pub(crate) fn count(&mut self, rules: Rules) {
        let mut changed = false;
        for rule in rules.iter() {
            *self.by_rule.entry(message(rule)).or_default() += 1;
            changed = true;
        }
        self.values += i32::from(changed);
    }

    /// Adds those of another.
    pub(crate) fn add(&mut self, other: &Self) {
        self.values += other.values;
        for (rule, count) in &other.by_rule {
            *self.by_rule.entry(*rule).or_default() += count;
        }
    }

    /// Keys and texts that any rule changed.
    pub(crate) fn values(&self) -> i32 {
        self.values
    }

    /// Those of each rule.
    pub(crate) fn by_rule(&self) -> Vec<CleanedValues> {
        let values = |(rule, count): (&CleaningRule, &i32)| CleanedValues {
            rule: (*rule).into(),
            count: *count,
        };
        self.by_rule.iter().map(values).collect()
    }
}

/// The rule as the contract names it.
fn message(rule: Rule) -> CleaningRule {
    match rule {
        Rule::Trimmed => CleaningRule::Trimmed,
        Rule::Invisible => CleaningRule::Invisible,
        Rule::Space => CleaningRule::Space,
        Rule::FullWidth => CleaningRule::FullWidth,
        Rule::Formula => CleaningRule::Formula,
        Rule::Missing => CleaningRule::Missing,
        Rule::Decimals => CleaningRule::Decimals,
        Rule::LineBreak => CleaningRule::LineBreak,
    }
}
