//! A customer's score and why it is what it is.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::Value;

/// One customer's score under one calibrated scorecard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Score {
    /// Σ weight·points / Σ weight over the indicators in force, weights faded where they fade,
    /// rounded half-to-even to four decimals; `None` when no indicator with a weight is in force or
    /// one with `Missing::Fail` has no value.
    pub composite: Option<Decimal>,
    /// The grade, or `None` where the scorecard gives none.
    pub grade: Option<String>,
    /// One for each indicator, in the scorecard's order. Their contributions add up to the
    /// composite exactly, or are all zero when there is none.
    pub contributions: Vec<Contribution>,
}

/// What one indicator did for a score.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contribution {
    /// The indicator's id.
    pub indicator: String,
    /// The feature as it was measured, before any missing-value policy.
    pub value: Value,
    /// The bin from 1 (worst); `None` where the transform has no bins or nothing was scored.
    pub bin: Option<u32>,
    /// 0 to 100 with four decimals; `None` when the indicator is not in force.
    pub points: Option<Decimal>,
    /// The weight as the scorecard states it, also when the indicator is not in force.
    pub weight: Decimal,
    /// The weight that counted, rounded half-to-even to six decimals, where it fades; `None` where
    /// it does not, or the indicator is not in force.
    pub faded: Option<Decimal>,
    /// weight·points / Σ weight in force, four decimals, the last place settled by largest
    /// remainder (ties to the earlier indicator) so that the sum is exact.
    pub contribution: Decimal,
    /// What was done about a missing value; `None` when there was one.
    pub policy: Option<MissingPolicyApplied>,
}

/// What was done about a missing value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "applied", rename_all = "snake_case")]
pub enum MissingPolicyApplied {
    /// This value was scored instead.
    Imputed {
        /// The mean, the median or the constant.
        value: Decimal,
    },
    /// The indicator was left out: there is no value, nor one in the substitute.
    Ignored,
    /// Another feature was scored instead.
    Substituted {
        /// Its name.
        feature: String,
        /// Its value.
        value: Value,
    },
    /// The customer was not scored, because this indicator must have a value.
    Failed,
    /// The indicator was left out: no customer of the calibration population had a value, so
    /// there is nothing to compare with.
    Uncalibrated,
}
