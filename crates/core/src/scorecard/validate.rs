//! What a scorecard must be before it can be calibrated.

use rust_decimal::Decimal;

use super::calibration::CalibrationError;
use super::definition::{
    Direction, FeatureKind, GradeShare, Grading, Indicator, Missing, Scorecard, Transform,
};
use super::line::WEIGHT_SCALE;
use super::problem::{Problem, problem};
use crate::identifier::{ID_RULE, is_id};

const MOST_INDICATORS: usize = 100;
const MOST_BINS: u32 = 100;
const MOST_BANDS: usize = 100;
const MOST_WEIGHT: Decimal = Decimal::from_parts(1_000_000, 0, 0, false, 0);
const POINTS_RULE: &str = "must each be 0 to 100 with at most four decimals";
/// Decimals that points, percentiles and shares may have.
const SCALE: u32 = 4;

impl Scorecard {
    /// Every fault of the definition, in the order of its fields; empty when it can be
    /// calibrated and scored. `known_features` gives the kind of a feature by name.
    pub fn validate(&self, known_features: &dyn Fn(&str) -> Option<FeatureKind>) -> Vec<Problem> {
        let mut problems = self.structure_problems();
        problems.extend(weights_problem(self));
        for (index, indicator) in self.indicators.iter().enumerate() {
            feature_problems(indicator, &path(index), known_features, &mut problems);
        }
        problems
    }

    /// The faults that can be told without knowing the features.
    pub(super) fn structure_problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        if !is_id(&self.id) {
            problems.push(problem("id", ID_RULE));
        }
        if let Some(message) = self.label.problem() {
            problems.push(problem("label", message));
        }
        if self.indicators.is_empty() || self.indicators.len() > MOST_INDICATORS {
            problems.push(problem("indicators", "must be 1 to 100"));
        }
        for (index, indicator) in self.indicators.iter().enumerate() {
            let earlier = &self.indicators[..index];
            indicator_problems(indicator, earlier, &path(index), &mut problems);
        }
        grading_problems(self, &mut problems);
        problems
    }

    /// Refuses a definition on which calibration and scoring are not defined.
    pub(super) fn check_structure(&self) -> Result<(), CalibrationError> {
        let first = self.structure_problems().into_iter().next();
        first.map_or(Ok(()), |problem| {
            Err(CalibrationError::Invalid { card: self.id.clone(), problem })
        })
    }
}

fn path(index: usize) -> String {
    format!("indicators[{index}]")
}

fn indicator_problems(
    indicator: &Indicator,
    earlier: &[Indicator],
    path: &str,
    problems: &mut Vec<Problem>,
) {
    if !is_id(&indicator.id) {
        problems.push(problem(format!("{path}.id"), ID_RULE));
    }
    if earlier.iter().any(|other| other.id == indicator.id) {
        let message = format!("{:?} is used twice: give each indicator its own id", indicator.id);
        problems.push(problem(format!("{path}.id"), message));
    }
    if let Some(message) = indicator.label.problem() {
        problems.push(problem(format!("{path}.label"), message));
    }
    transform_problems(indicator, path, problems);
    let fade = indicator.fade.as_ref().map(|fade| ("fade.half", fade.half));
    for (field, number) in [("weight", indicator.weight)].into_iter().chain(fade) {
        if !is_weight(number) {
            let message = "must be above 0 and at most 1000000, with at most six decimals";
            problems.push(problem(format!("{path}.{field}"), message));
        }
    }
    missing_problems(indicator, path, problems);
}

fn is_weight(number: Decimal) -> bool {
    number > Decimal::ZERO && number <= MOST_WEIGHT && number.normalize().scale() <= WEIGHT_SCALE
}

/// A slip of the pen in one weight would change what all others count. Equal weights of three have
/// no exact decimals, so that they are written as 1 each.
fn weights_problem(card: &Scorecard) -> Option<Problem> {
    let weights = || card.indicators.iter().map(|indicator| indicator.weight);
    // A weight that is none at all is told by itself.
    if !weights().all(is_weight) || weights().all(|weight| weight == Decimal::ONE) {
        return None;
    }
    let sum: Decimal = weights().sum();
    if sum == Decimal::ONE {
        return None;
    }
    let sum = sum.normalize();
    let message = format!("the weights sum to {sum}: they must sum to 1, or each be 1");
    Some(problem("indicators", message))
}

fn transform_problems(indicator: &Indicator, path: &str, problems: &mut Vec<Problem>) {
    let mut add = |field: &str, message: &str| {
        problems.push(problem(format!("{path}.{field}"), message));
    };
    match &indicator.transform {
        Transform::Bands { cuts, points } => band_problems(cuts, points, add),
        Transform::Quantile { bins } if !(2..=MOST_BINS).contains(bins) => {
            add("transform.bins", "must be 2 to 100");
        }
        Transform::MinMax { low, high } if !(are_points(low) && are_points(high)) => {
            add("transform", "low and high must be 0 to 100 with at most four decimals");
        }
        Transform::MinMax { low, high } if low >= high => {
            add("transform", "low must be below high: direction says which end is good");
        }
        Transform::Lookup { points, other } => {
            if points.is_empty() {
                add("transform.points", "must name at least one category");
            }
            if !points.values().chain([other]).all(are_points) {
                add("transform.points", POINTS_RULE);
            }
            if indicator.direction == Direction::Down {
                add("direction", "must be up for a lookup, which states its points itself");
            }
        }
        Transform::Quantile { .. }
        | Transform::Split { .. }
        | Transform::MinMax { .. }
        | Transform::ZLogistic => {}
    }
}

fn band_problems(cuts: &[Decimal], points: &[Decimal], mut add: impl FnMut(&str, &str)) {
    if !(1..MOST_BANDS).contains(&cuts.len()) {
        add("transform.cuts", "must be 1 to 99");
    }
    if !cuts.is_sorted_by(|left, right| left < right) {
        add("transform.cuts", "must ascend strictly");
    }
    if points.len() != cuts.len() + 1 {
        add("transform.points", "must be one more than the cuts: one for each band");
    }
    if !points.iter().all(are_points) {
        add("transform.points", POINTS_RULE);
    }
}

/// Whether a number is 0 to 100 with at most four decimals.
fn are_points(number: &Decimal) -> bool {
    (Decimal::ZERO..=Decimal::ONE_HUNDRED).contains(number) && number.normalize().scale() <= SCALE
}

fn missing_problems(indicator: &Indicator, path: &str, problems: &mut Vec<Problem>) {
    let lookup = matches!(indicator.transform, Transform::Lookup { .. });
    match &indicator.missing {
        Missing::Impute { .. } if lookup => {
            let message = "cannot impute a category: use ignore, substitute or fail";
            problems.push(problem(format!("{path}.missing"), message));
        }
        Missing::Substitute { feature } if *feature == indicator.feature => {
            let message = "must be another feature than the one it stands in for";
            problems.push(problem(format!("{path}.missing.feature"), message));
        }
        Missing::Impute { .. } | Missing::Substitute { .. } | Missing::Ignore | Missing::Fail => {}
    }
}

fn feature_problems(
    indicator: &Indicator,
    path: &str,
    known_features: &dyn Fn(&str) -> Option<FeatureKind>,
    problems: &mut Vec<Problem>,
) {
    let own = [(format!("{path}.feature"), indicator.feature.as_str())];
    let substitute = indicator.substitute().map(|name| (format!("{path}.missing.feature"), name));
    for (field, name) in own.into_iter().chain(substitute) {
        match known_features(name) {
            None => {
                let message = format!("no feature is named {name:?}: list the features for names");
                problems.push(problem(field, message));
            }
            Some(kind) => problems.extend(kind_problem(&indicator.transform, field, name, kind)),
        }
    }
    if let Some(name) = indicator.fades_by()
        && known_features(name) != Some(FeatureKind::Number)
    {
        let message = format!("{name:?} must be a feature that is a number, such as orders_total");
        problems.push(problem(format!("{path}.fade.by"), message));
    }
}

fn kind_problem(
    transform: &Transform,
    field: String,
    name: &str,
    kind: FeatureKind,
) -> Option<Problem> {
    let lookup = matches!(transform, Transform::Lookup { .. });
    let message = match kind {
        FeatureKind::Number if lookup => {
            format!("{name:?} is a number, which a lookup cannot read: use bands")
        }
        FeatureKind::Text if !lookup => {
            format!("{name:?} is text, which this transform cannot read: use a lookup")
        }
        FeatureKind::Bool if !lookup => {
            format!("{name:?} is true or false: use a lookup of \"true\" and \"false\"")
        }
        FeatureKind::Number | FeatureKind::Text | FeatureKind::Bool => return None,
    };
    Some(problem(field, message))
}

fn grading_problems(card: &Scorecard, problems: &mut Vec<Problem>) {
    match &card.grading {
        Grading::None => {}
        Grading::Cuts { cuts } => {
            let grades: Vec<&str> = cuts.iter().map(|cut| cut.grade.as_str()).collect();
            grade_problems(&grades, None, problems);
            let minima = || cuts.iter().map(|cut| cut.min);
            if !minima().all(|min| are_points(&min)) {
                let message = "every min must be 0 to 100 with at most four decimals";
                problems.push(problem("grading.cuts", message));
            }
            if !minima().is_sorted_by(|left, right| left > right) {
                let message = "must descend strictly: the best grade first";
                problems.push(problem("grading.cuts", message));
            }
        }
        Grading::RankShare { cuts, rest } => share_problems(cuts, rest, problems),
        Grading::CumulativeShare { indicator, cuts, rest } => {
            measure_problems(card, indicator, problems);
            share_problems(cuts, rest, problems);
        }
    }
}

fn measure_problems(card: &Scorecard, id: &str, problems: &mut Vec<Problem>) {
    let field = "grading.indicator";
    let Some(indicator) = card.indicators.iter().find(|indicator| indicator.id == id) else {
        let message = format!("the scorecard has no indicator {id:?}: name one of its own");
        return problems.push(problem(field, message));
    };
    let lookup = matches!(indicator.transform, Transform::Lookup { .. });
    if lookup || indicator.direction == Direction::Down {
        let message = "must be an indicator of a number with direction up: shares are taken of \
                       its total, from the largest down";
        problems.push(problem(field, message));
    }
}

fn share_problems(cuts: &[GradeShare], rest: &str, problems: &mut Vec<Problem>) {
    let grades: Vec<&str> = cuts.iter().map(|cut| cut.grade.as_str()).collect();
    grade_problems(&grades, Some(rest), problems);
    let fits = |cut: &GradeShare| {
        let share = cut.share.normalize();
        share > Decimal::ZERO && share <= Decimal::ONE && share.scale() <= SCALE
    };
    if !cuts.iter().all(fits) {
        let message = "every share must be above 0 and at most 1, with at most four decimals";
        problems.push(problem("grading.cuts", message));
    }
    if !cuts.is_sorted_by(|left, right| left.share < right.share) {
        problems.push(problem("grading.cuts", "must ascend strictly: shares are cumulative"));
    }
}

/// Faults of the names of grades; `rest` is the grade after the last cut.
fn grade_problems(grades: &[&str], rest: Option<&str>, problems: &mut Vec<Problem>) {
    if grades.is_empty() {
        problems.push(problem("grading.cuts", "must have at least one grade"));
    }
    let named = grades.iter().map(|grade| ("grading.cuts", *grade));
    let all: Vec<_> = named.chain(rest.map(|rest| ("grading.rest", rest))).collect();
    for (index, (field, grade)) in all.iter().enumerate() {
        if !(1..=16).contains(&grade.chars().count()) {
            problems.push(problem(*field, "every grade must have 1 to 16 characters"));
        }
        if all[..index].iter().any(|(_, other)| other == grade) {
            let message = format!("grade {grade:?} is used twice: give each its own name");
            problems.push(problem(*field, message));
        }
    }
}
