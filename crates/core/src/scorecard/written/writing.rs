//! A scorecard as a file, the other way.

use super::{
    WrittenCut, WrittenFade, WrittenGrading, WrittenImputation, WrittenIndicator, WrittenMissing,
    WrittenScorecard, WrittenShare, WrittenTransform,
};
use crate::scorecard::{GradeShare, Grading, Imputation, Indicator, Missing, Scorecard, Transform};
use crate::yaml::{self, Exact, exact};
use serde::{Serialize, Serializer};

impl Scorecard {
    /// The scorecard as a file, which [`Scorecard::from_yaml`] reads as it was.
    pub fn to_yaml(&self) -> String {
        yaml::write(&WrittenScorecard {
            id: self.id.clone(),
            label: (&self.label).into(),
            indicators: self.indicators.iter().map(WrittenIndicator::from).collect(),
            grading: (&self.grading).into(),
        })
    }
}

impl From<&Indicator> for WrittenIndicator {
    fn from(indicator: &Indicator) -> Self {
        let fade = indicator.fade.as_ref();
        Self {
            id: indicator.id.clone(),
            label: (&indicator.label).into(),
            feature: indicator.feature.clone(),
            transform: (&indicator.transform).into(),
            direction: indicator.direction,
            weight: Exact(indicator.weight),
            missing: (&indicator.missing).into(),
            fade: fade.map(|fade| WrittenFade { by: fade.by.clone(), half: Exact(fade.half) }),
        }
    }
}

impl From<&Transform> for WrittenTransform {
    fn from(transform: &Transform) -> Self {
        match transform {
            Transform::Bands { cuts, points } => {
                Self::Bands { cuts: exact(cuts), points: exact(points) }
            }
            Transform::Quantile { bins } => Self::Quantile { bins: *bins },
            Transform::Split { at } => Self::Split { at: *at },
            Transform::MinMax { low, high } => {
                Self::MinMax { low: Exact(*low), high: Exact(*high) }
            }
            Transform::ZLogistic => Self::ZLogistic,
            Transform::Lookup { points, other } => Self::Lookup {
                points: points
                    .iter()
                    .map(|(name, number)| (name.clone(), Exact(*number)))
                    .collect(),
                other: Exact(*other),
            },
        }
    }
}

impl From<&Missing> for WrittenMissing {
    fn from(missing: &Missing) -> Self {
        match missing {
            Missing::Impute { with } => Self::Impute(WrittenImputation(*with)),
            Missing::Ignore => Self::Ignore,
            Missing::Substitute { feature } => Self::Substitute(feature.clone()),
            Missing::Fail => Self::Fail,
        }
    }
}

impl Serialize for WrittenImputation {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Imputation::Mean => serializer.serialize_str("mean"),
            Imputation::Median => serializer.serialize_str("median"),
            Imputation::Constant(number) => Exact(number).serialize(serializer),
        }
    }
}

impl From<&Grading> for WrittenGrading {
    fn from(grading: &Grading) -> Self {
        match grading {
            Grading::None => Self::None,
            Grading::Cuts { cuts } => {
                let cuts = cuts.iter();
                let cuts =
                    cuts.map(|cut| WrittenCut { grade: cut.grade.clone(), min: Exact(cut.min) });
                Self::Cuts(cuts.collect())
            }
            Grading::RankShare { cuts, rest } => {
                Self::RankShare { cuts: shares(cuts), rest: rest.clone() }
            }
            Grading::CumulativeShare { indicator, cuts, rest } => Self::CumulativeShare {
                indicator: indicator.clone(),
                cuts: shares(cuts),
                rest: rest.clone(),
            },
        }
    }
}

fn shares(cuts: &[GradeShare]) -> Vec<WrittenShare> {
    let cuts = cuts.iter();
    cuts.map(|cut| WrittenShare { grade: cut.grade.clone(), share: Exact(cut.share) }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scorecard::templates;

    #[test]
    fn what_is_written_is_read_as_it_was() {
        for scorecard in templates() {
            let text = scorecard.to_yaml();
            assert_eq!(Scorecard::from_yaml(&text), Ok(scorecard), "{text}");
        }
    }
}
