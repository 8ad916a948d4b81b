//! How well a taxonomy does: whether its classes set customers apart, whether persons agree with it,
//! whether customers stay, whether the population has moved under it, and whether those who stand
//! higher are worth more. The numbers are kept ([`Evaluation`]); what they mean follows from them by
//! bounds that are the same for all ([`Evaluation::findings`]), so that evaluations compare.

mod agreement;
mod drift;
mod finding;
mod sample;
mod sentence;
mod separation;

#[cfg(test)]
mod tests;

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

pub use agreement::{Agreement, agreement};
pub use drift::{Drift, binned, cuts, drift, moved_limit};
pub use finding::{Finding, FindingKind, Level, bounds};
pub use sample::draw;
pub use sentence::{sentence, verdict};
pub use separation::{Separation, median, separation};

/// What an evaluation of a version of a taxonomy on a date has measured.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evaluation {
    /// The day of the population that drift is measured against; `None` where there is none.
    pub base_on: Option<NaiveDate>,
    /// Customers in classes.
    pub customers: u64,
    /// Those of them whose features were read.
    pub sampled: u64,
    /// The separation of each measure.
    pub measures: Vec<Measured>,
    /// Customers whose class a person has set, and those for whom the rules say another one.
    pub judged: Judged,
    /// How many stayed in their class, month by month, ascending.
    pub months: Vec<Month>,
    /// How far the shares of the classes have moved from those of the base; `None` where nobody was
    /// classified then.
    pub class_mix: Option<Shift>,
    /// The features that the rules rest on, by name.
    pub inputs: Vec<Input>,
}

/// A measure by class.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Measured {
    /// The feature.
    pub feature: String,
    /// Customers that have a value.
    pub customers: u64,
    /// η², 0 to 1; `None` where nothing can be told apart, see [`separation`].
    pub eta_squared: Option<Decimal>,
    /// ε², 0 to 1; `None` with η².
    pub epsilon_squared: Option<Decimal>,
    /// The classes that have customers with a value, in the order of the taxonomy.
    pub classes: Vec<ClassMedian>,
}

/// A measure of a class.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClassMedian {
    /// The id of the class.
    pub class: String,
    /// Customers that have a value.
    pub customers: u64,
    /// The median, in the unit of the feature.
    pub median: Decimal,
}

/// What persons say beside the rules.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Judged {
    /// Customers whose class a person has set.
    pub customers: u64,
    /// Those for whom the rules say another one.
    pub disagreed: u64,
    /// Cohen's κ, −1 to 1; `None` where it has no value, see [`agreement`].
    pub kappa: Option<Decimal>,
}

/// How many stayed over a month.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Month {
    /// Its last day, or the day of the evaluation.
    pub through: NaiveDate,
    /// Customers that had a class at its beginning and its end.
    pub customers: u64,
    /// Those in the same class.
    pub stayed: u64,
}

/// How far a distribution has moved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shift {
    /// The population stability index, from 0 on.
    pub psi: Decimal,
    /// The probability of one at least as great by chance.
    pub p_value: Decimal,
}

/// A feature that the rules rest on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// The feature.
    pub feature: String,
    /// The scorecards through which the rules read it, by id; empty where they read it alone.
    pub scorecards: Vec<String>,
    /// How far it has moved; `None` without a base, or where it has one value.
    pub shift: Option<Shift>,
    /// The limits that predicates have for it, and what would choose as large a part as before.
    pub limits: Vec<Limit>,
}

/// A limit of a predicate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limit {
    /// The id of the class.
    pub class: String,
    /// The limit as it stands.
    pub limit: Decimal,
    /// The limit above which as large a share of customers is as was of the base; `None` where nobody
    /// or everybody of the base was.
    pub proposed: Option<Decimal>,
}

impl Evaluation {
    /// The share of customers that stayed in their class over a month, over all months; `None` where
    /// no month is known.
    pub fn stayed(&self) -> Option<Decimal> {
        let sum = |of: fn(&Month) -> u64| Decimal::from(self.months.iter().map(of).sum::<u64>());
        let share = sum(|month| month.stayed).checked_div(sum(|month| month.customers))?;
        Some(share.round_dp(4))
    }
}

impl From<Drift> for Shift {
    fn from(drift: Drift) -> Self {
        Self { psi: kept(drift.psi), p_value: kept(drift.p_value) }
    }
}

/// A statistic as it is kept, to six decimals.
pub fn kept(statistic: f64) -> Decimal {
    crate::model::kept(statistic).round_dp(6).normalize()
}
