//! A scorecard as a file.
//!
//! ```yaml
//! id: worth
//! label: {zh: 价值, en: Worth}
//! indicators:
//!   - id: amount
//!     label: {zh: 近一年金额, en: "Amount, last 365 days"}
//!     feature: amount_365d
//!     transform: {bands: {cuts: [0, 1000, 20000], points: [0, 20, 60, 100]}}
//!     direction: up             # or down: less is better
//!     weight: 0.6
//!     missing: {impute: 0}
//!     fade: {by: orders_total, half: 5} # may be left out: the weight stays
//! grading:                      # may be left out: no grade
//!   cuts:
//!     - {grade: A, min: 80}
//!     - {grade: B, min: 50}
//! ```
//!
//! - `transform`: `{bands: {cuts, points}}`, `{quantile: {bins}}`, `{split: {at: mean}}` (or
//!   `median`), `{min_max: {low, high}}`, `z_logistic`, `{lookup: {points: {A: 100}, other: 0}}`;
//! - `missing`: `{impute: 0}` (any number, `mean` or `median`), `{substitute: feature}`, `ignore`,
//!   `fail`;
//! - `grading`: `none`, `{cuts: […]}`, `{rank_share: {cuts: [{grade: A, share: 0.2}], rest: B}}`,
//!   `{cumulative_share: {indicator, cuts, rest}}`.
//!
//! - weights sum to 1, or each is 1 and all count the same.
//!
//! What they mean is said at [`Transform`], [`Missing`], [`Fade`] and [`Grading`].

mod writing;

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_yaml_ng::with::singleton_map;

use super::definition::{
    Centre, Direction, Fade, GradeCut, GradeShare, Grading, Imputation, Indicator, Missing,
    Scorecard, Transform,
};
use crate::yaml::{self, Exact, NotADefinition, Words, plain};

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a scorecard: id, label, indicators, grading")]
struct WrittenScorecard {
    id: String,
    label: Words,
    indicators: Vec<WrittenIndicator>,
    #[serde(default, with = "singleton_map")]
    grading: WrittenGrading,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an indicator: id, label, feature, transform …")]
struct WrittenIndicator {
    id: String,
    label: Words,
    feature: String,
    #[serde(with = "singleton_map")]
    transform: WrittenTransform,
    #[serde(with = "singleton_map")]
    direction: Direction,
    weight: Exact,
    #[serde(with = "singleton_map")]
    missing: WrittenMissing,
    #[serde(skip_serializing_if = "Option::is_none")]
    fade: Option<WrittenFade>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "what a weight fades by: by, half")]
struct WrittenFade {
    by: String,
    half: Exact,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum WrittenTransform {
    Bands {
        cuts: Vec<Exact>,
        points: Vec<Exact>,
    },
    Quantile {
        bins: u32,
    },
    Split {
        #[serde(with = "singleton_map")]
        at: Centre,
    },
    MinMax {
        low: Exact,
        high: Exact,
    },
    ZLogistic,
    Lookup {
        points: BTreeMap<String, Exact>,
        other: Exact,
    },
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum WrittenMissing {
    Impute(WrittenImputation),
    Ignore,
    Substitute(String),
    Fail,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum WrittenGrading {
    #[default]
    None,
    Cuts(Vec<WrittenCut>),
    RankShare {
        cuts: Vec<WrittenShare>,
        rest: String,
    },
    CumulativeShare {
        indicator: String,
        cuts: Vec<WrittenShare>,
        rest: String,
    },
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a grade and its min")]
struct WrittenCut {
    grade: String,
    min: Exact,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a grade and its share")]
struct WrittenShare {
    grade: String,
    share: Exact,
}

#[derive(Debug)]
struct WrittenImputation(Imputation);

impl<'de> Deserialize<'de> for WrittenImputation {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(MeanMedianOrNumber)
    }
}

struct MeanMedianOrNumber;

impl Visitor<'_> for MeanMedianOrNumber {
    type Value = WrittenImputation;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("mean, median or a number")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<WrittenImputation, E> {
        let imputation = match text {
            "mean" => Imputation::Mean,
            "median" => Imputation::Median,
            number => Imputation::Constant(yaml::number(number)?),
        };
        Ok(WrittenImputation(imputation))
    }
}

impl Scorecard {
    /// Reads a scorecard that somebody wrote, and says where it cannot be read. What it says is
    /// for [`Scorecard::validate`] to check.
    pub fn from_yaml(text: &str) -> Result<Self, NotADefinition> {
        let written: WrittenScorecard = yaml::read(text)?;
        Ok(Self {
            id: written.id,
            label: written.label.into(),
            indicators: written.indicators.into_iter().map(Indicator::from).collect(),
            grading: written.grading.into(),
        })
    }
}

impl From<WrittenIndicator> for Indicator {
    fn from(written: WrittenIndicator) -> Self {
        Self {
            id: written.id,
            label: written.label.into(),
            feature: written.feature,
            transform: written.transform.into(),
            direction: written.direction,
            weight: written.weight.0,
            missing: written.missing.into(),
            fade: written.fade.map(|fade| Fade { by: fade.by, half: fade.half.0 }),
        }
    }
}

impl From<WrittenTransform> for Transform {
    fn from(written: WrittenTransform) -> Self {
        match written {
            WrittenTransform::Bands { cuts, points } => {
                Self::Bands { cuts: plain(cuts), points: plain(points) }
            }
            WrittenTransform::Quantile { bins } => Self::Quantile { bins },
            WrittenTransform::Split { at } => Self::Split { at },
            WrittenTransform::MinMax { low, high } => Self::MinMax { low: low.0, high: high.0 },
            WrittenTransform::ZLogistic => Self::ZLogistic,
            WrittenTransform::Lookup { points, other } => Self::Lookup {
                points: points.into_iter().map(|(name, points)| (name, points.0)).collect(),
                other: other.0,
            },
        }
    }
}

impl From<WrittenMissing> for Missing {
    fn from(written: WrittenMissing) -> Self {
        match written {
            WrittenMissing::Impute(with) => Self::Impute { with: with.0 },
            WrittenMissing::Ignore => Self::Ignore,
            WrittenMissing::Substitute(feature) => Self::Substitute { feature },
            WrittenMissing::Fail => Self::Fail,
        }
    }
}

impl From<WrittenGrading> for Grading {
    fn from(written: WrittenGrading) -> Self {
        match written {
            WrittenGrading::None => Self::None,
            WrittenGrading::Cuts(cuts) => {
                let cut = |cut: WrittenCut| GradeCut { grade: cut.grade, min: cut.min.0 };
                Self::Cuts { cuts: cuts.into_iter().map(cut).collect() }
            }
            WrittenGrading::RankShare { cuts, rest } => {
                Self::RankShare { cuts: shares(cuts), rest }
            }
            WrittenGrading::CumulativeShare { indicator, cuts, rest } => {
                Self::CumulativeShare { indicator, cuts: shares(cuts), rest }
            }
        }
    }
}

fn shares(cuts: Vec<WrittenShare>) -> Vec<GradeShare> {
    let cut = |cut: WrittenShare| GradeShare { grade: cut.grade, share: cut.share.0 };
    cuts.into_iter().map(cut).collect()
}
