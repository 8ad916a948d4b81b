//! The changes that are made to cells, each a rule with a name that is counted.

use std::borrow::Cow;
use std::collections::BTreeMap;

use kehu_core::key::{self, Rules};

/// A change to a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rule {
    /// Spaces at the ends were taken off.
    Trimmed,
    /// Line ends and tabs inside a text became spaces.
    LineBreak,
    /// `17850.0` as a customer's key became `17850`.
    KeyDecimals,
    /// A currency sign or code was taken off a number.
    CurrencySign,
    /// Separators of thousands were taken out of a number.
    Thousands,
    /// `(5.00)` became `-5.00`.
    AccountingNegative,
    /// `5.00-` became `-5.00`.
    TrailingMinus,
    /// `1.5E+03` was written out.
    Exponent,
    /// Characters without width were taken out.
    Invisible,
    /// Spaces of another kind became plain ones.
    Space,
    /// Letters, digits and signs of full width became plain ones.
    FullWidth,
    /// `="00123"` or `'00123` became `00123`.
    Formula,
    /// `NULL`, `n/a` and the like were taken for nothing.
    Missing,
    /// `12 %` was read as a share.
    Percent,
    /// `10万` was written out.
    Scale,
}

const RULES: [(Rule, &str); 15] = [
    (Rule::Trimmed, "trimmed"),
    (Rule::LineBreak, "line_break"),
    (Rule::KeyDecimals, "key_decimals"),
    (Rule::CurrencySign, "currency_sign"),
    (Rule::Thousands, "thousands"),
    (Rule::AccountingNegative, "accounting_negative"),
    (Rule::TrailingMinus, "trailing_minus"),
    (Rule::Exponent, "exponent"),
    (Rule::Invisible, "invisible"),
    (Rule::Space, "space"),
    (Rule::FullWidth, "full_width"),
    (Rule::Formula, "formula"),
    (Rule::Missing, "missing"),
    (Rule::Percent, "percent"),
    (Rule::Scale, "scale"),
];

/// How often each rule changed a cell.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Cleaned([u64; RULES.len()]);

impl Cleaned {
    /// Counts one change.
    pub(crate) fn count(&mut self, rule: Rule) {
        self.0[rule as usize] += 1;
    }

    /// The counts of the rules that changed anything, by name.
    pub(crate) fn counts(&self) -> BTreeMap<&'static str, u64> {
        let counts = RULES.iter().map(|(rule, name)| (*name, self.0[*rule as usize]));
        counts.filter(|(_, count)| *count > 0).collect()
    }

    /// The cell without spaces at its ends.
    pub(crate) fn trim<'a>(&mut self, cell: &'a str) -> &'a str {
        let text = cell.trim();
        if text.len() != cell.len() {
            self.count(Rule::Trimmed);
        }
        text
    }

    /// The key, number or date of a cell, cleaned as keys are.
    pub(crate) fn key<'a>(&mut self, cell: &'a str) -> Cow<'a, str> {
        let (key, rules) = key::clean(cell);
        self.count_all(rules);
        key
    }

    /// The customer's key of a cell.
    pub(crate) fn customer<'a>(&mut self, cell: &'a str) -> Cow<'a, str> {
        let (key, rules) = key::clean_customer(cell);
        self.count_all(rules);
        key
    }

    /// Counts the rules that changed a cell.
    pub(crate) fn count_all(&mut self, rules: Rules) {
        for rule in rules.iter() {
            self.count(match rule {
                key::Rule::Trimmed => Rule::Trimmed,
                key::Rule::Invisible => Rule::Invisible,
                key::Rule::Space => Rule::Space,
                key::Rule::FullWidth => Rule::FullWidth,
                key::Rule::Formula => Rule::Formula,
                key::Rule::Missing => Rule::Missing,
                key::Rule::Decimals => Rule::KeyDecimals,
                key::Rule::LineBreak => Rule::LineBreak,
            });
        }
    }
}
