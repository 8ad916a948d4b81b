//! The definition of a scorecard that a caller sends.
//!
//! Here stand only the rules of the message itself (a number is a number, a choice is made);
//! what makes a good scorecard is for `kehu_core::scorecard` to say. Where a part cannot be
//! read, a stand-in takes its place, so that the rest is checked all the same.

use std::collections::BTreeMap;

use kehu_analytics::Catalogue;
use kehu_contract::google::r#type as google;
use kehu_contract::scoring as contract;
use kehu_core::scorecard::{
    Centre, Direction, Fade, FeatureKind, GradeCut, GradeShare, Grading, Imputation, Indicator,
    Missing, Scorecard, Transform,
};
use kehu_server::{Fault, Violations, convert};
use rust_decimal::Decimal;

use super::feature_kind;

/// The definition, its fields named below `definition`.
pub(crate) fn parse_definition(
    definition: contract::ScorecardDefinition,
    catalogue: &Catalogue,
    violations: &mut Violations,
) -> Scorecard {
    let mut indicators = Vec::with_capacity(definition.indicators.len());
    for (index, indicator) in definition.indicators.into_iter().enumerate() {
        let path = format!("definition.indicators[{index}]");
        let mut reader = Reader { path, catalogue, violations };
        indicators.push(reader.indicator(indicator));
    }
    let mut reader = Reader { path: "definition.grading".to_owned(), catalogue, violations };
    Scorecard {
        id: definition.id,
        label: convert::core_label(definition.label),
        indicators,
        grading: definition.grading.map_or(Grading::None, |grading| reader.grading(grading)),
    }
}

/// The scorecard that a server defines.
pub fn scorecard(definition: contract::ScorecardDefinition) -> Result<Scorecard, Fault> {
    let mut violations = Violations::new();
    let scorecard = parse_definition(definition, &Catalogue::shipped(), &mut violations);
    violations.finish().map(|()| scorecard)
}

/// Reads the parts of one message and says what is wrong with them.
struct Reader<'a> {
    path: String,
    catalogue: &'a Catalogue,
    violations: &'a mut Violations,
}

impl Reader<'_> {
    fn add(&mut self, field: &str, description: &str) {
        self.violations.add(format!("{}.{field}", self.path), description);
    }

    fn indicator(&mut self, indicator: contract::Indicator) -> Indicator {
        let transform = self.transform(&indicator);
        let direction = self.direction(indicator.direction);
        let weight = self.decimal("weight", indicator.weight.as_ref()).unwrap_or(Decimal::ONE);
        let missing = self.missing(indicator.missing);
        let fade = indicator.fade.and_then(|fade| {
            let half = self.decimal("fade.half", fade.half.as_ref())?;
            Some(Fade { by: fade.by, half })
        });
        let label = convert::core_label(indicator.label);
        let (id, feature) = (indicator.id, indicator.feature);
        Indicator { id, label, feature, transform, direction, weight, missing, fade }
    }

    fn direction(&mut self, direction: i32) -> Direction {
        match contract::Direction::try_from(direction) {
            Ok(contract::Direction::Up | contract::Direction::Unspecified) => Direction::Up,
            Ok(contract::Direction::Down) => Direction::Down,
            Err(_) => {
                self.add("direction", "is not a direction: choose up or down");
                Direction::Up
            }
        }
    }

    fn transform(&mut self, indicator: &contract::Indicator) -> Transform {
        use contract::indicator::Transform as Sent;
        let read = match &indicator.transform {
            None => {
                self.add("transform", "must be chosen: bands, quantiles, split or another");
                None
            }
            Some(Sent::Bands(bands)) => self.bands(bands),
            Some(Sent::Quantiles(quantiles)) => {
                // No number of bins below zero is a good one, nor is zero.
                let bins = u32::try_from(quantiles.bin_count).unwrap_or_default();
                Some(Transform::Quantile { bins })
            }
            Some(Sent::Split(split)) => {
                let at = self.centre("split.statistic", split.statistic);
                at.map(|at| Transform::Split { at })
            }
            Some(Sent::MinMax(range)) => {
                let low = self.decimal("min_max.low_percentile", range.low_percentile.as_ref());
                let high = self.decimal("min_max.high_percentile", range.high_percentile.as_ref());
                low.zip(high).map(|(low, high)| Transform::MinMax { low, high })
            }
            Some(Sent::ZLogistic(_)) => Some(Transform::ZLogistic),
            Some(Sent::Lookup(lookup)) => self.lookup(lookup),
        };
        read.unwrap_or_else(|| stand_in(feature_kind(self.catalogue, &indicator.feature)))
    }

    fn bands(&mut self, bands: &contract::Bands) -> Option<Transform> {
        let cuts = self.decimals("bands.cuts", &bands.cuts);
        let points = self.decimals("bands.points", &bands.points);
        let (cuts, points) = cuts.zip(points)?;
        Some(Transform::Bands { cuts, points })
    }

    fn lookup(&mut self, lookup: &contract::Lookup) -> Option<Transform> {
        let mut points = BTreeMap::new();
        let mut complete = true;
        for (category, text) in &lookup.points {
            let number = google::Decimal { value: text.clone() };
            match self.decimal(&format!("lookup.points[{category:?}]"), Some(&number)) {
                Some(number) => _ = points.insert(category.clone(), number),
                None => complete = false,
            }
        }
        let other = self.decimal("lookup.other_points", lookup.other_points.as_ref())?;
        complete.then_some(Transform::Lookup { points, other })
    }

    fn missing(&mut self, missing: Option<contract::indicator::Missing>) -> Missing {
        use contract::indicator::Missing as Sent;
        match missing {
            None | Some(Sent::Ignore(_)) => Missing::Ignore,
            Some(Sent::Fail(_)) => Missing::Fail,
            Some(Sent::SubstituteFeature(feature)) => Missing::Substitute { feature },
            Some(Sent::Impute(impute)) => self.imputation(impute),
        }
    }

    fn imputation(&mut self, impute: contract::MissingImpute) -> Missing {
        use contract::missing_impute::Value as Sent;
        let with = match impute.value {
            None => {
                self.add("impute.value", "must be chosen: a constant or a statistic");
                None
            }
            Some(Sent::Constant(constant)) => {
                self.decimal("impute.constant", Some(&constant)).map(Imputation::Constant)
            }
            Some(Sent::Statistic(statistic)) => {
                self.centre("impute.statistic", statistic).map(|centre| match centre {
                    Centre::Mean => Imputation::Mean,
                    Centre::Median => Imputation::Median,
                })
            }
        };
        with.map_or(Missing::Ignore, |with| Missing::Impute { with })
    }

    fn centre(&mut self, field: &str, statistic: i32) -> Option<Centre> {
        use contract::SplitStatistic as Sent;
        match Sent::try_from(statistic) {
            Ok(Sent::Mean | Sent::Unspecified) => Some(Centre::Mean),
            Ok(Sent::Median) => Some(Centre::Median),
            Err(_) => {
                self.add(field, "is not a statistic: choose the mean or the median");
                None
            }
        }
    }

    fn grading(&mut self, grading: contract::Grading) -> Grading {
        use contract::grading::Rule;
        let read = match grading.rule {
            None => {
                self.add("rule", "must be chosen, or grading left out for no grades");
                None
            }
            Some(Rule::ScoreCuts(sent)) => self.score_cuts(sent),
            Some(Rule::RankShare(sent)) => {
                let cuts = self.shares("rank_share.cuts", sent.cuts);
                cuts.map(|cuts| Grading::RankShare { cuts, rest: sent.rest_grade })
            }
            Some(Rule::CumulativeShare(sent)) => {
                let cuts = self.shares("cumulative_share.cuts", sent.cuts);
                let (indicator, rest) = (sent.indicator, sent.rest_grade);
                cuts.map(|cuts| Grading::CumulativeShare { indicator, cuts, rest })
            }
        };
        read.unwrap_or(Grading::None)
    }

    /// A grade of the rest is one more cut, which every score reaches.
    fn score_cuts(&mut self, sent: contract::ScoreCuts) -> Option<Grading> {
        let cuts = self.limits("score_cuts.cuts", sent.cuts)?;
        let mut cuts: Vec<GradeCut> =
            cuts.into_iter().map(|(grade, min)| GradeCut { grade, min }).collect();
        if !sent.rest_grade.is_empty() {
            cuts.push(GradeCut { grade: sent.rest_grade, min: Decimal::ZERO });
        }
        Some(Grading::Cuts { cuts })
    }

    fn shares(&mut self, field: &str, cuts: Vec<contract::GradeCut>) -> Option<Vec<GradeShare>> {
        let cuts = self.limits(field, cuts)?;
        Some(cuts.into_iter().map(|(grade, share)| GradeShare { grade, share }).collect())
    }

    fn limits(
        &mut self,
        field: &str,
        cuts: Vec<contract::GradeCut>,
    ) -> Option<Vec<(String, Decimal)>> {
        let mut limits = Some(Vec::with_capacity(cuts.len()));
        for (index, cut) in cuts.into_iter().enumerate() {
            let limit = self.decimal(&format!("{field}[{index}].limit"), cut.limit.as_ref());
            if cut.grade.chars().any(char::is_control) {
                self.add(&format!("{field}[{index}].grade"), "must have no control characters");
            }
            match (limit, &mut limits) {
                (Some(limit), Some(limits)) => limits.push((cut.grade, limit)),
                (Some(_), None) => {}
                (None, _) => limits = None,
            }
        }
        limits
    }

    fn decimals(&mut self, field: &str, sent: &[google::Decimal]) -> Option<Vec<Decimal>> {
        let mut numbers = Vec::with_capacity(sent.len());
        for (index, number) in sent.iter().enumerate() {
            numbers.extend(self.decimal(&format!("{field}[{index}]"), Some(number)));
        }
        (numbers.len() == sent.len()).then_some(numbers)
    }

    fn decimal(&mut self, field: &str, sent: Option<&google::Decimal>) -> Option<Decimal> {
        match sent {
            Some(sent) => {
                convert::parse_decimal(&format!("{}.{field}", self.path), sent, self.violations)
            }
            None => {
                self.add(field, "must be given");
                None
            }
        }
    }
}

/// A transform that can read values of the kind.
fn stand_in(kind: Option<FeatureKind>) -> Transform {
    match kind {
        Some(FeatureKind::Text | FeatureKind::Bool) => Transform::Lookup {
            points: BTreeMap::from([(String::new(), Decimal::ZERO)]),
            other: Decimal::ZERO,
        },
        Some(FeatureKind::Number) | None => Transform::ZLogistic,
    }
}
