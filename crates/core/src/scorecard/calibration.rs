//! Thresholds that depend on the population, computed once and frozen.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::Problem;
use super::definition::{Centre, Grading, Imputation, Indicator, Missing, Scorecard, Transform};
use super::grading;
use super::layout::Layout;
use super::scorer::Scorer;
use super::statistics::{deviation, interpolate, mean};
use super::step::Reading;
use crate::{Reference, Value};

/// What a population fixed about a scorecard: with it any customer is scored alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calibration {
    /// How many customers took part: those with a value in every `Missing::Fail` indicator.
    pub population: u64,
    /// One for each indicator, in the scorecard's order.
    pub indicators: Vec<IndicatorCalibration>,
    /// One for each cut of a grading by shares, best grade first; else empty.
    pub grades: Vec<GradeBoundary>,
}

/// What the population fixed about one indicator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IndicatorCalibration {
    /// The indicator's id.
    pub id: String,
    /// How many customers had a value. Only those took part in thresholds, means and medians.
    pub count: u64,
    /// What its transform compares with.
    pub thresholds: Thresholds,
    /// The value for a null under `Missing::Impute`, in the feature's unit; else `None`, and
    /// also when a mean or median was wanted and nobody had a value.
    pub imputed: Option<Decimal>,
}

/// What a transform compares a value with, in the feature's unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Thresholds {
    /// `Bands` and `Lookup` state everything themselves.
    Fixed,
    /// The thresholds of `Quantile` (one less than bins, ascending) or the centre of `Split`.
    Cuts {
        /// Ascending; equal ones leave the bins between them empty.
        cuts: Vec<Decimal>,
    },
    /// The two percentiles of `MinMax`.
    Range {
        /// Earns 0 points when up is good.
        low: Decimal,
        /// Earns 100 points when up is good.
        high: Decimal,
    },
    /// For `ZLogistic`.
    Normal {
        /// The arithmetic mean.
        mean: Decimal,
        /// The standard deviation of the population, not below 0.
        deviation: Decimal,
    },
    /// Nobody had a value: the indicator is never in force.
    Empty,
}

/// Where a grade by shares ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GradeBoundary {
    /// The grade.
    pub grade: String,
    /// Its last customer; `None` when nobody of the population earned it.
    pub last: Option<LastInGrade>,
}

/// The last customer of a grade: it holds every larger measure, and the same measure up to and
/// including this customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LastInGrade {
    /// The composite for `RankShare`, the feature's value for `CumulativeShare`.
    pub measure: Decimal,
    /// Its first reference, which breaks ties.
    pub customer: Reference,
}

/// Why there is no calibration, or none that fits.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CalibrationError {
    /// Nobody to calibrate on.
    #[error(
        "no customer to calibrate scorecard {card:?} on: load customers that have every feature \
         its indicators must have, or choose a later date"
    )]
    EmptyPopulation {
        /// The scorecard's id.
        card: String,
    },
    /// The definition has faults that any population would meet.
    #[error("scorecard {card:?} is not valid: {}: {}", .problem.field, .problem.message)]
    Invalid {
        /// The scorecard's id.
        card: String,
        /// The first fault; `Scorecard::validate` gives all of them.
        problem: Problem,
    },
    /// A customer's values are not those of [`Scorecard::features`].
    #[error("a customer has {found} values, the scorecard reads {expected}: give one for each")]
    WrongWidth {
        /// How many features the scorecard reads.
        expected: usize,
        /// How many values came.
        found: usize,
    },
    /// A sum does not fit 28 digits.
    #[error("the values of indicator {indicator:?} are too large to add up: correct the outliers")]
    Overflow {
        /// The indicator's id.
        indicator: String,
    },
    /// The calibration was made for another scorecard.
    #[error("the calibration does not belong to scorecard {card:?}: calibrate it again")]
    Mismatch {
        /// The scorecard's id.
        card: String,
    },
}

/// Computes what `population` fixes about `card`: customers by their first reference, which only
/// gradings by shares look at, with their values in the order of [`Scorecard::features`]. Neither the order of customers nor the number of threads matters.
///
/// Customers without a value in an indicator with `Missing::Fail` take no part at all; those
/// without a value in another indicator take no part in its thresholds. An indicator for which
/// nobody has a value is [`Thresholds::Empty`], which is not an error.
///
/// # Errors
/// See [`CalibrationError`]; a population in which nobody takes part is one, unless `card` takes
/// nothing from it.
pub fn calibrate(
    card: &Scorecard,
    population: &[(Reference, Vec<Value>)],
) -> Result<Calibration, CalibrationError> {
    card.check_structure()?;
    let layout = Layout::new(card);
    check_widths(card, population)?;
    let members: Vec<&(Reference, Vec<Value>)> =
        population.iter().filter(|(_, values)| layout.can_score(card, values)).collect();
    if members.is_empty() && takes_from_population(card) {
        return Err(CalibrationError::EmptyPopulation { card: card.id.clone() });
    }
    fix(card, &layout, &members)
}

/// Whether something of a card depends on who is there: a threshold, a mean that stands in for a
/// missing value, a share that gives a grade.
fn takes_from_population(card: &Scorecard) -> bool {
    let of_indicator = |indicator: &Indicator| {
        let with = match indicator.missing {
            Missing::Impute { with } => Some(with),
            Missing::Substitute { .. } | Missing::Ignore | Missing::Fail => None,
        };
        !matches!(indicator.transform, Transform::Bands { .. } | Transform::Lookup { .. })
            || matches!(with, Some(Imputation::Mean | Imputation::Median))
    };
    !matches!(card.grading, Grading::None | Grading::Cuts { .. })
        || card.indicators.iter().any(of_indicator)
}

/// What an empty population fixes: no threshold, so that nobody is scored but by what `card`
/// states itself.
///
/// # Errors
/// [`CalibrationError::Invalid`].
pub fn calibrate_on_nobody(card: &Scorecard) -> Result<Calibration, CalibrationError> {
    card.check_structure()?;
    fix(card, &Layout::new(card), &[])
}

/// What those who take part fix.
fn fix(
    card: &Scorecard,
    layout: &Layout,
    members: &[&(Reference, Vec<Value>)],
) -> Result<Calibration, CalibrationError> {
    let mut indicators = Vec::with_capacity(card.indicators.len());
    for (indicator, place) in card.indicators.iter().zip(&layout.places) {
        let column = members.iter().map(|(_, values)| &values[place.feature]);
        indicators.push(calibrate_indicator(indicator, column)?);
    }
    let mut calibration =
        Calibration { population: count(members.len()), indicators, grades: Vec::new() };
    calibration.grades = calibrate_grades(card, &calibration, layout, members)?;
    Ok(calibration)
}

fn check_widths(
    card: &Scorecard,
    population: &[(Reference, Vec<Value>)],
) -> Result<(), CalibrationError> {
    let expected = card.features().len();
    match population.iter().find(|(_, values)| values.len() != expected) {
        None => Ok(()),
        Some((_, values)) => Err(CalibrationError::WrongWidth { expected, found: values.len() }),
    }
}

fn calibrate_indicator<'v>(
    indicator: &Indicator,
    column: impl Iterator<Item = &'v Value>,
) -> Result<IndicatorCalibration, CalibrationError> {
    let mut sorted = Vec::new();
    let mut with_value = 0_usize;
    for reading in column.filter_map(|value| indicator.transform.read(value)) {
        with_value += 1;
        if let Reading::Number(number) = reading {
            sorted.push(number);
        }
    }
    sorted.sort_unstable();
    let overflow = || CalibrationError::Overflow { indicator: indicator.id.clone() };
    Ok(IndicatorCalibration {
        id: indicator.id.clone(),
        count: count(with_value),
        thresholds: thresholds(&indicator.transform, &sorted).ok_or_else(overflow)?,
        imputed: imputed(&indicator.missing, &sorted).ok_or_else(overflow)?,
    })
}

/// `None` where a number does not fit.
fn thresholds(transform: &Transform, sorted: &[Decimal]) -> Option<Thresholds> {
    let thresholds = match transform {
        Transform::Bands { .. } | Transform::Lookup { .. } => Thresholds::Fixed,
        _ if sorted.is_empty() => Thresholds::Empty,
        Transform::Quantile { bins } => {
            let bins = i128::from(*bins);
            let cuts = (1..bins).map(|k| interpolate(sorted, k, bins)).collect::<Option<_>>()?;
            Thresholds::Cuts { cuts }
        }
        Transform::Split { at: Centre::Mean } => Thresholds::Cuts { cuts: vec![mean(sorted)?] },
        Transform::Split { at: Centre::Median } => {
            Thresholds::Cuts { cuts: vec![interpolate(sorted, 1, 2)?] }
        }
        Transform::MinMax { low, high } => range(sorted, *low, *high)?,
        Transform::ZLogistic => {
            let mean = mean(sorted)?;
            Thresholds::Normal { mean, deviation: deviation(sorted, mean)? }
        }
    };
    Some(thresholds)
}

/// `None` where a percentile, or the distance between the two, does not fit.
fn range(sorted: &[Decimal], low: Decimal, high: Decimal) -> Option<Thresholds> {
    let percentile = |percent: Decimal| {
        let percent = percent.normalize();
        interpolate(sorted, percent.mantissa(), 100 * 10_i128.checked_pow(percent.scale())?)
    };
    let (low, high) = (percentile(low)?, percentile(high)?);
    high.checked_sub(low)?;
    Some(Thresholds::Range { low, high })
}

/// The outer `None` where the mean does not fit.
fn imputed(missing: &Missing, sorted: &[Decimal]) -> Option<Option<Decimal>> {
    let Missing::Impute { with } = missing else { return Some(None) };
    match with {
        Imputation::Constant(constant) => Some(Some(*constant)),
        Imputation::Mean | Imputation::Median if sorted.is_empty() => Some(None),
        Imputation::Mean => mean(sorted).map(Some),
        Imputation::Median => interpolate(sorted, 1, 2).map(Some),
    }
}

fn calibrate_grades<'p>(
    card: &Scorecard,
    calibration: &Calibration,
    layout: &Layout,
    members: &[&'p (Reference, Vec<Value>)],
) -> Result<Vec<GradeBoundary>, CalibrationError> {
    match &card.grading {
        Grading::None | Grading::Cuts { .. } => Ok(Vec::new()),
        Grading::RankShare { cuts, .. } => {
            let scorer = Scorer::without_grades(card, calibration)?;
            let composite = |member: &&'p (Reference, Vec<Value>)| {
                let (customer, values) = *member;
                scorer.composite(values).map(|composite| (composite, customer))
            };
            Ok(grading::by_rank(members.iter().filter_map(composite).collect(), cuts))
        }
        Grading::CumulativeShare { indicator, cuts, .. } => {
            let place = layout.measure(card, indicator).expect("checked with the structure");
            let measure = |member: &&'p (Reference, Vec<Value>)| {
                let (customer, values) = *member;
                values[place].number().map(|measure| (measure, customer))
            };
            grading::by_amount(members.iter().filter_map(measure).collect(), cuts)
                .ok_or_else(|| CalibrationError::Overflow { indicator: indicator.clone() })
        }
    }
}

fn count(length: usize) -> u64 {
    u64::try_from(length).expect("a length fits 64 bits")
}
