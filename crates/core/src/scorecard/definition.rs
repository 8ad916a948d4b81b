//! What a scorecard is made of, as users write it and the database keeps it.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::Score;
use crate::{Label, Value};

/// A set of indicators whose weighted mean is the composite score, and how that becomes a grade.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scorecard {
    /// `[a-z][a-z0-9-]*`; the first part of the names of its columns.
    pub id: String,
    /// The name shown to people.
    pub label: Label,
    /// One to a hundred, with different ids. Their order breaks ties in the explanation.
    pub indicators: Vec<Indicator>,
    /// From composite or measure to grade.
    pub grading: Grading,
}

/// One line of a scorecard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Indicator {
    /// `[a-z][a-z0-9-]*`, unique in the scorecard; the middle part of the names of its columns.
    pub id: String,
    /// The name shown to people.
    pub label: Label,
    /// The name of the feature it reads, such as `recency_days`.
    pub feature: String,
    /// From the feature to points.
    pub transform: Transform,
    /// Which end of the feature is good.
    pub direction: Direction,
    /// Above 0, at most six decimals. The weights of a scorecard sum to 1; or each is 1, and all
    /// count the same.
    pub weight: Decimal,
    /// What to do for a customer whose feature is null.
    pub missing: Missing,
    /// How the weight fades; `None` where it stays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fade: Option<Fade>,
}

/// How the weight of a judgement gives way to experience: by so many orders n the weight is
/// multiplied by k/(k + n), what credibility theory leaves to the prior (H. Bühlmann, Experience
/// Rating and Credibility, ASTIN Bulletin 4, 1967, where n/(n + k) is the credibility of n
/// observations).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fade {
    /// The name of the feature that counts n, a number; null and what is below zero are 0.
    pub by: String,
    /// k, the n that halves the weight: above 0, at most 1,000,000, at most six decimals.
    pub half: Decimal,
}

/// From a feature to points, 0 (worst) to 100 (best).
///
/// Transforms with bins number them so that the last one is the best: values are banded from
/// the smallest up, and `Direction::Down` turns the numbers round, bin b of n becoming n + 1 − b.
/// The points of `Quantile` and `Split` are spread evenly, bin b of n earning 100·(b−1)/(n−1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Transform {
    /// Fixed breakpoints, as in a credit scorecard: each cut is the smallest value of the band
    /// above it, so n cuts make n + 1 bins.
    Bands {
        /// Strictly ascending, 1 to 99 of them.
        cuts: Vec<Decimal>,
        /// Points of bin 1, bin 2 … (after `direction` has numbered the bins), one more than cuts.
        points: Vec<Decimal>,
    },
    /// Bins of equal count over the calibration population. Threshold k of n − 1 is the linear
    /// interpolation at position (N − 1)·k/n of the sorted values (Hyndman and Fan 1996, type 7,
    /// the default of numpy); a value's band is one more than the thresholds it exceeds, so
    /// equal values never split.
    Quantile {
        /// 2 to 100.
        bins: u32,
    },
    /// Bin 2 for values strictly better than the centre of the calibration population, else 1.
    Split {
        /// Which centre.
        at: Centre,
    },
    /// Linear between two percentiles of the calibration population, clipped outside them. When
    /// both percentiles are the same value, that value earns 50, less 0 and more 100.
    MinMax {
        /// The percentile that earns nothing, 0 to 100, at most four decimals.
        low: Decimal,
        /// The percentile that earns 100 points, above `low`.
        high: Decimal,
    },
    /// 100/(1 + e^−z), z the distance from the mean of the calibration population in standard
    /// deviations (of the population, not of a sample). Without any deviation as in `MinMax`.
    ZLogistic,
    /// Category to points. `true` and `false` are the categories of a boolean feature.
    Lookup {
        /// Points of each category, 0 to 100.
        points: BTreeMap<String, Decimal>,
        /// Points of a category that is not in the table (null goes to the missing policy).
        other: Decimal,
    },
}

/// The point of the population at which `Transform::Split` cuts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Centre {
    /// The arithmetic mean.
    Mean,
    /// The middle value, or the mean of the two middle ones.
    Median,
}

/// Which end of a feature is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// More is better.
    Up,
    /// Less is better.
    Down,
}

/// What to do for a customer whose feature is null.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "policy", rename_all = "snake_case", deny_unknown_fields)]
pub enum Missing {
    /// Score a stated value instead.
    Impute {
        /// The value.
        with: Imputation,
    },
    /// Leave the indicator out and share its weight among the others.
    Ignore,
    /// Read another feature; when that is null too, as `Ignore`.
    Substitute {
        /// The name of the other feature, of the same kind.
        feature: String,
    },
    /// The customer is not scored at all, and takes no part in any indicator's calibration.
    Fail,
}

/// The value that stands in for a null.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Imputation {
    /// The mean of the calibration population.
    Mean,
    /// Its median.
    Median,
    /// A stated number.
    Constant(Decimal),
}

/// How customers get a grade. Shares are taken over the calibration population and frozen as
/// the last customer of each grade, so a customer can be graded alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "snake_case", deny_unknown_fields)]
pub enum Grading {
    /// There is no grade.
    None,
    /// The first grade whose minimum the composite reaches; none below the last minimum.
    Cuts {
        /// Best grade first, minima strictly descending.
        cuts: Vec<GradeCut>,
    },
    /// By rank of the composite, descending, ties by the first reference: a grade holds the
    /// customers whose share of customers before them is below its cut.
    RankShare {
        /// Best grade first, shares strictly ascending.
        cuts: Vec<GradeShare>,
        /// The grade of everyone after the last cut.
        rest: String,
    },
    /// ABC analysis (Pareto) of one indicator's feature, descending, ties by the first
    /// reference: a grade holds the customers whose share of the positive total before them is below its cut.
    CumulativeShare {
        /// The id of an indicator with a numeric feature and `Direction::Up`.
        indicator: String,
        /// Best grade first, shares strictly ascending: A 0.80, B 0.95.
        cuts: Vec<GradeShare>,
        /// The grade of everyone after the last cut, and of zero, negative and null measures.
        rest: String,
    },
}

impl Grading {
    /// Whether equal customers are told apart by their first reference.
    pub fn is_by_shares(&self) -> bool {
        matches!(self, Self::RankShare { .. } | Self::CumulativeShare { .. })
    }

    /// The grades that it gives, the best first.
    pub fn grades(&self) -> Vec<&str> {
        match self {
            Self::None => Vec::new(),
            Self::Cuts { cuts } => cuts.iter().map(|cut| cut.grade.as_str()).collect(),
            Self::RankShare { cuts, rest } | Self::CumulativeShare { cuts, rest, .. } => {
                cuts.iter().map(|cut| cut.grade.as_str()).chain([rest.as_str()]).collect()
            }
        }
    }
}

/// A grade from a composite.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GradeCut {
    /// The grade, 1 to 16 characters.
    pub grade: String,
    /// The smallest composite that earns it, 0 to 100.
    pub min: Decimal,
}

/// A grade up to a share.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GradeShare {
    /// The grade, 1 to 16 characters.
    pub grade: String,
    /// The share where it ends, counted from the best customer, above 0, at most 1.
    pub share: Decimal,
}

/// What kind of values a feature has, besides null.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FeatureKind {
    /// Exact numbers.
    Number,
    /// Categories.
    Text,
    /// True and false.
    Bool,
}

/// What kind of values a column of scores has, besides null.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ColumnKind {
    /// A bin.
    Integer,
    /// Points or a score, four decimals.
    Decimal,
    /// A grade.
    Text,
}

impl Transform {
    /// How many bins it has, or `None` for a transform without bins.
    pub fn bins(&self) -> Option<u32> {
        match self {
            Self::Bands { cuts, .. } => u32::try_from(cuts.len() + 1).ok(),
            Self::Quantile { bins } => Some(*bins),
            Self::Split { .. } => Some(2),
            Self::MinMax { .. } | Self::ZLogistic | Self::Lookup { .. } => None,
        }
    }
}

impl Scorecard {
    /// The names of the features it reads, each once: those of the indicators in order, then
    /// the substitutes, then those that weights fade by. Values are handed to [`super::calibrate`] and [`super::Scorer::score`]
    /// in this order.
    pub fn features(&self) -> Vec<&str> {
        let own = self.indicators.iter().map(|indicator| indicator.feature.as_str());
        let substitutes = self.indicators.iter().filter_map(Indicator::substitute);
        let counts = self.indicators.iter().filter_map(Indicator::fades_by);
        let mut names = Vec::with_capacity(self.indicators.len());
        for name in own.chain(substitutes).chain(counts) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }

    /// The columns that its scores add to a customer frame, in order: for each indicator
    /// `{card}_{indicator}_bin` (only where the transform has bins) and
    /// `{card}_{indicator}_points`, then `{card}_score`, then `{card}_grade` (only with a
    /// grading); `-` in ids becomes `_`. Every column can be null.
    pub fn columns(&self) -> Vec<(String, ColumnKind)> {
        let card = self.id.replace('-', "_");
        let mut columns = Vec::with_capacity(2 * self.indicators.len() + 2);
        for indicator in &self.indicators {
            let stem = format!("{card}_{}", indicator.id.replace('-', "_"));
            if indicator.transform.bins().is_some() {
                columns.push((format!("{stem}_bin"), ColumnKind::Integer));
            }
            columns.push((format!("{stem}_points"), ColumnKind::Decimal));
        }
        columns.push((format!("{card}_score"), ColumnKind::Decimal));
        if self.grading != Grading::None {
            columns.push((format!("{card}_grade"), ColumnKind::Text));
        }
        columns
    }

    /// The values of [`Scorecard::columns`], in the same order, for one of its scores. Bins are
    /// whole numbers.
    pub fn values(&self, score: &Score) -> Vec<Value> {
        let mut values = Vec::with_capacity(2 * self.indicators.len() + 2);
        for (indicator, part) in self.indicators.iter().zip(&score.contributions) {
            if indicator.transform.bins().is_some() {
                values.push(number(part.bin.map(Decimal::from)));
            }
            values.push(number(part.points));
        }
        values.push(number(score.composite));
        if self.grading != Grading::None {
            values.push(score.grade.clone().map_or(Value::Null, Value::Text));
        }
        values
    }
}

impl Indicator {
    /// The name of the feature that stands in for a null, where there is one.
    pub fn substitute(&self) -> Option<&str> {
        match &self.missing {
            Missing::Substitute { feature } => Some(feature),
            Missing::Impute { .. } | Missing::Ignore | Missing::Fail => None,
        }
    }

    /// The name of the feature that its weight fades by, where it does.
    pub fn fades_by(&self) -> Option<&str> {
        self.fade.as_ref().map(|fade| fade.by.as_str())
    }
}

fn number(value: Option<Decimal>) -> Value {
    value.map_or(Value::Null, Value::Number)
}
