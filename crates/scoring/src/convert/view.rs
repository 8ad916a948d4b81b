//! Scorecards as callers see them.

use kehu_contract::scoring as contract;
use kehu_core::scorecard::{
    Calibration, Centre, Direction, GradeBoundary, GradeCut, GradeShare, Grading, Imputation,
    Indicator, IndicatorCalibration, Missing, Scorecard, Thresholds, Transform,
};
use kehu_server::{convert, names};
use kehu_storage::scoring::scorecards::Version;
use rust_decimal::Decimal;

/// One version of a scorecard.
pub(crate) fn scorecard_view(version: &Version) -> contract::Scorecard {
    let definition = &version.definition;
    let mut view = contract::Scorecard {
        name: names::resource(names::SCORECARDS, &definition.id),
        version: version.version,
        definition: Some(template(definition)),
        state: contract::VersionState::Draft.into(),
        create_time: Some(convert::timestamp(version.drafted.at)),
        ..Default::default()
    };
    if let Some(published) = &version.published {
        let Calibration { population, indicators, grades } = &published.frozen.calibration;
        view.state = contract::VersionState::Published.into();
        view.calibration_date = Some(convert::date(published.frozen.calibrated_on));
        view.calibration_count = count(*population);
        view.calibrations = indicators.iter().map(calibration).collect();
        view.grade_boundaries = grades.iter().map(boundary).collect();
        view.publish_time = Some(convert::timestamp(published.signed.at));
    }
    view
}

fn calibration(calibration: &IndicatorCalibration) -> contract::IndicatorCalibration {
    let thresholds = match &calibration.thresholds {
        Thresholds::Fixed | Thresholds::Empty => Vec::new(),
        Thresholds::Cuts { cuts } => cuts.clone(),
        Thresholds::Range { low, high } => vec![*low, *high],
        Thresholds::Normal { mean, deviation } => vec![*mean, *deviation],
    };
    contract::IndicatorCalibration {
        indicator: calibration.id.clone(),
        thresholds: thresholds.into_iter().map(convert::decimal).collect(),
        value_count: count(calibration.count),
        imputed_value: calibration.imputed.map(convert::decimal),
    }
}

fn boundary(boundary: &GradeBoundary) -> contract::GradeBoundary {
    let last = boundary.last.as_ref();
    let customer = last.map(|last| last.customer.clone()).unwrap_or_default();
    contract::GradeBoundary {
        grade: boundary.grade.clone(),
        measure: last.map(|last| convert::decimal(last.measure)),
        source: customer.source,
        external_id: customer.external_id,
    }
}

fn count(number: u64) -> i64 {
    i64::try_from(number).expect("customers are counted in 63 bits")
}

/// A definition, such as that of a template, as it is sent.
pub fn template(card: &Scorecard) -> contract::ScorecardDefinition {
    contract::ScorecardDefinition {
        id: card.id.clone(),
        label: Some(convert::label(&card.label)),
        indicators: card.indicators.iter().map(indicator).collect(),
        grading: grading(&card.grading).map(|rule| contract::Grading { rule: Some(rule) }),
    }
}

fn indicator(indicator: &Indicator) -> contract::Indicator {
    let direction = match indicator.direction {
        Direction::Up => contract::Direction::Up,
        Direction::Down => contract::Direction::Down,
    };
    contract::Indicator {
        id: indicator.id.clone(),
        label: Some(convert::label(&indicator.label)),
        feature: indicator.feature.clone(),
        direction: direction.into(),
        weight: Some(convert::decimal(indicator.weight)),
        transform: Some(transform(&indicator.transform)),
        missing: Some(missing(&indicator.missing)),
        fade: indicator.fade.as_ref().map(|fade| contract::Fade {
            by: fade.by.clone(),
            half: Some(convert::decimal(fade.half)),
        }),
    }
}

fn transform(transform: &Transform) -> contract::indicator::Transform {
    use contract::indicator::Transform as Sent;
    let decimals = |numbers: &[Decimal]| numbers.iter().copied().map(convert::decimal).collect();
    match transform {
        Transform::Bands { cuts, points } => {
            Sent::Bands(contract::Bands { cuts: decimals(cuts), points: decimals(points) })
        }
        Transform::Quantile { bins } => {
            let bin_count = i32::try_from(*bins).expect("there are at most a hundred bins");
            Sent::Quantiles(contract::Quantiles { bin_count })
        }
        Transform::Split { at } => {
            Sent::Split(contract::Split { statistic: statistic(*at).into() })
        }
        Transform::MinMax { low, high } => Sent::MinMax(contract::MinMax {
            low_percentile: Some(convert::decimal(*low)),
            high_percentile: Some(convert::decimal(*high)),
        }),
        Transform::ZLogistic => Sent::ZLogistic(contract::ZLogistic {}),
        Transform::Lookup { points, other } => {
            let points = points
                .iter()
                .map(|(category, number)| (category.clone(), convert::decimal(*number).value));
            let other_points = Some(convert::decimal(*other));
            Sent::Lookup(contract::Lookup { points: points.collect(), other_points })
        }
    }
}

fn statistic(centre: Centre) -> contract::SplitStatistic {
    match centre {
        Centre::Mean => contract::SplitStatistic::Mean,
        Centre::Median => contract::SplitStatistic::Median,
    }
}

fn missing(missing: &Missing) -> contract::indicator::Missing {
    use contract::indicator::Missing as Sent;
    use contract::missing_impute::Value;
    let value = match missing {
        Missing::Ignore => return Sent::Ignore(contract::MissingIgnore {}),
        Missing::Fail => return Sent::Fail(contract::MissingFail {}),
        Missing::Substitute { feature } => return Sent::SubstituteFeature(feature.clone()),
        Missing::Impute { with } => match with {
            Imputation::Constant(constant) => Value::Constant(convert::decimal(*constant)),
            Imputation::Mean => Value::Statistic(statistic(Centre::Mean).into()),
            Imputation::Median => Value::Statistic(statistic(Centre::Median).into()),
        },
    };
    Sent::Impute(contract::MissingImpute { value: Some(value) })
}

fn grading(grading: &Grading) -> Option<contract::grading::Rule> {
    use contract::grading::Rule;
    Some(match grading {
        Grading::None => return None,
        Grading::Cuts { cuts } => Rule::ScoreCuts(score_cuts(cuts)),
        Grading::RankShare { cuts, rest } => {
            Rule::RankShare(contract::ShareCuts { cuts: shares(cuts), rest_grade: rest.clone() })
        }
        Grading::CumulativeShare { indicator, cuts, rest } => {
            Rule::CumulativeShare(contract::CumulativeShare {
                indicator: indicator.clone(),
                cuts: shares(cuts),
                rest_grade: rest.clone(),
            })
        }
    })
}

/// A last cut at 0, which every score reaches, is the grade of the rest.
fn score_cuts(cuts: &[GradeCut]) -> contract::ScoreCuts {
    let (cuts, rest) = match cuts.split_last() {
        Some((last, before)) if last.min.is_zero() => (before, last.grade.clone()),
        _ => (cuts, String::new()),
    };
    let cuts = cuts.iter().map(|cut| grade_cut(&cut.grade, cut.min)).collect();
    contract::ScoreCuts { cuts, rest_grade: rest }
}

fn shares(cuts: &[GradeShare]) -> Vec<contract::GradeCut> {
    cuts.iter().map(|cut| grade_cut(&cut.grade, cut.share)).collect()
}

fn grade_cut(grade: &str, limit: Decimal) -> contract::GradeCut {
    contract::GradeCut { grade: grade.to_owned(), limit: Some(convert::decimal(limit)) }
}
