//! The changes that are made to cells, each a rule with a name that is counted.

use std::collections::BTreeMap;

/// A change to a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    /// Spaces at the ends were taken off.
    Trimmed,
    /// Line ends and tabs inside a text became spaces.
    LineBreak,
    /// `17850.0` as a customer's key became `17850`.
    KeyDecimals,
    /// A currency sign was taken off a number.
    CurrencySign,
    /// Separators of thousands were taken out of a number.
    Thousands,
    /// `(5.00)` became `-5.00`.
    AccountingNegative,
    /// `5.00-` became `-5.00`.
    TrailingMinus,
    /// `1.5E+03` was written out.
    Exponent,
}

const RULES: [(Rule, &str); 8] = [
    (Rule::Trimmed, "trimmed"),
    (Rule::LineBreak, "line_break"),
    (Rule::KeyDecimals, "key_decimals"),
    (Rule::CurrencySign, "currency_sign"),
    (Rule::Thousands, "thousands"),
    (Rule::AccountingNegative, "accounting_negative"),
    (Rule::TrailingMinus, "trailing_minus"),
    (Rule::Exponent, "exponent"),
];

/// How often each rule changed a cell.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Cleaned([u64; RULES.len()]);

impl Cleaned {
    /// Counts one change.
    pub(super) fn count(&mut self, rule: Rule) {
        self.0[rule as usize] += 1;
    }

    /// The counts of the rules that changed anything, by name.
    pub(super) fn counts(&self) -> BTreeMap<&'static str, u64> {
        let counts = RULES.iter().map(|(rule, name)| (*name, self.0[*rule as usize]));
        counts.filter(|(_, count)| *count > 0).collect()
    }

    /// The cell without spaces at its ends.
    pub(super) fn trim<'a>(&mut self, cell: &'a str) -> &'a str {
        let text = cell.trim();
        if text.len() != cell.len() {
            self.count(Rule::Trimmed);
        }
        text
    }
}
