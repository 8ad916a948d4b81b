//! What agreement of a field says: the weights of Fellegi and Sunter (1969).
//!
//! Of two records that are one customer a field is on a level with probability m, of two that are not
//! with u; log2(m/u) is the weight of that level. Weights of fields add up, with that of the prior, to
//! the weight of the pair, and the probability follows from it (Bayes). Where both have the same value
//! u is the share of records that have it (term frequency; Winkler 1989): the same rare name tells
//! more than the same common one.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde::{Deserialize, Serialize};

use super::comparison::{LEVELS, Level};
use super::{Field, Frequencies, Record};
use crate::model::kept;

/// The least probability of a level: what was never seen in a sample is not impossible.
pub(super) const LEAST: f64 = 1e-6;

/// The parameters, as they are kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// The probability that two records drawn at random are one customer.
    pub prior: Decimal,
    /// Of each field.
    pub fields: Vec<FieldModel>,
}

/// The parameters of a field: of each level the probability, from different to same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FieldModel {
    /// The field.
    pub field: Field,
    /// Of records that are one customer.
    pub m: [Decimal; LEVELS],
    /// Of records that are not.
    pub u: [Decimal; LEVELS],
}

/// What a field says of a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// How alike the values are.
    pub level: Level,
    /// The weight of that, in bits; 0 where a value is missing.
    pub weight: Decimal,
}

/// How likely it is that two records are one customer, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Score {
    /// From 0 to 1, to six decimals.
    pub probability: Decimal,
    /// Of each field, in the order of the model's.
    pub evidence: Vec<Evidence>,
}

impl Model {
    pub(super) fn new(
        prior: f64,
        fields: &[Field],
        m: &[[f64; LEVELS]],
        u: &[[f64; LEVELS]],
    ) -> Self {
        let fields = fields.iter().zip(m.iter().zip(u)).map(|(field, (m, u))| FieldModel {
            field: field.clone(),
            m: m.map(kept),
            u: u.map(kept),
        });
        Self { prior: kept(prior.max(LEAST * LEAST)), fields: fields.collect() }
    }

    /// The weight before anything is known of two records, in bits.
    pub fn prior_weight(&self) -> Decimal {
        let prior = number(self.prior).clamp(1e-9, 1.0 - LEAST);
        short((prior / (1.0 - prior)).log2())
    }

    /// Compares two records of this model's fields.
    pub fn score(&self, one: &Record, other: &Record, frequencies: &Frequencies) -> Score {
        let mut evidence = Vec::with_capacity(self.fields.len());
        let mut total = self.prior_weight();
        for (place, of) in self.fields.iter().enumerate() {
            let values = [one, other].map(|record| record.values[place].as_ref());
            let level = of.field.comparison.compare(values[0], values[1]);
            let mut weight = level.place().map_or(0.0, |level| log_ratio(of, level));
            if let (Level::Same, Some(value)) = (level, values[0])
                && let Some(share) = frequencies.share(place, value)
            {
                weight = (number(of.m[LEVELS - 1]).max(LEAST) / share.clamp(LEAST, 1.0)).log2();
            }
            let weight = short(weight);
            total += weight;
            evidence.push(Evidence { level, weight });
        }
        let odds = number(total).exp2();
        let probability = if odds.is_finite() { odds / (1.0 + odds) } else { 1.0 };
        Score {
            probability: Decimal::try_from(probability).unwrap_or_default().round_dp(6),
            evidence,
        }
    }
}

fn log_ratio(of: &FieldModel, level: usize) -> f64 {
    (number(of.m[level]).max(LEAST) / number(of.u[level]).max(LEAST)).log2()
}

/// A weight as it is shown and added up.
fn short(weight: f64) -> Decimal {
    kept(weight).round_dp(3)
}

fn number(kept: Decimal) -> f64 {
    kept.to_f64().unwrap_or_default()
}
