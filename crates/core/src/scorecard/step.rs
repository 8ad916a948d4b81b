//! One indicator's transform with its calibration put in: from a value to a bin and points.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::calibration::Thresholds;
use super::definition::{Centre, Direction, Indicator, Transform};
use super::statistics::{FULL, logistic, round_div, units};
use crate::Value;

/// A value as the transform reads it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Reading<'v> {
    Number(Decimal),
    Category(&'v str),
}

/// A transform ready to be applied. Points are counts of 1/10,000 point.
#[derive(Debug, Clone)]
pub(super) enum Step {
    Binned {
        cuts: Vec<Decimal>,
        on_cut: OnCut,
        down: bool,
        points: Vec<i64>,
    },
    Range {
        low: Decimal,
        high: Decimal,
        down: bool,
    },
    Normal {
        mean: Decimal,
        deviation: Decimal,
        down: bool,
    },
    Lookup {
        points: BTreeMap<String, i64>,
        other: i64,
    },
    /// Nobody in the calibration population had a value.
    Uncalibrated,
}

/// The band of a value that equals a cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OnCut {
    Below,
    Above,
}

impl Transform {
    /// The value as this transform reads it, or `None` where that is a missing value: null, or
    /// a kind that the transform cannot use.
    pub(super) fn read<'v>(&self, value: &'v Value) -> Option<Reading<'v>> {
        match (self, value) {
            (Self::Lookup { .. }, Value::Text(text)) => Some(Reading::Category(text)),
            (Self::Lookup { .. }, Value::Bool(true)) => Some(Reading::Category("true")),
            (Self::Lookup { .. }, Value::Bool(false)) => Some(Reading::Category("false")),
            (Self::Lookup { .. }, _) => None,
            (_, value) => value.number().map(Reading::Number),
        }
    }
}

impl Step {
    /// `None` when the thresholds are not of the kind that the transform needs.
    pub(super) fn new(indicator: &Indicator, thresholds: &Thresholds) -> Option<Self> {
        let down = indicator.direction == Direction::Down;
        let step = match (&indicator.transform, thresholds) {
            (Transform::Bands { cuts, points }, Thresholds::Fixed) => Self::Binned {
                cuts: cuts.clone(),
                on_cut: OnCut::Above,
                down,
                points: points.iter().copied().map(units).collect(),
            },
            (Transform::Lookup { points, other }, Thresholds::Fixed) => Self::Lookup {
                points: points.iter().map(|(key, value)| (key.clone(), units(*value))).collect(),
                other: units(*other),
            },
            (Transform::Quantile { bins }, Thresholds::Cuts { cuts }) => {
                even(cuts, *bins, OnCut::Below, down)?
            }
            (Transform::Split { at: Centre::Mean | Centre::Median }, Thresholds::Cuts { cuts }) => {
                // Strictly better is bin 2, so a value on the cut is on the worse side of it.
                even(cuts, 2, if down { OnCut::Above } else { OnCut::Below }, down)?
            }
            (Transform::MinMax { .. }, Thresholds::Range { low, high }) if low <= high => {
                high.checked_sub(*low)?;
                Self::Range { low: *low, high: *high, down }
            }
            (Transform::ZLogistic, Thresholds::Normal { mean, deviation })
                if *deviation >= Decimal::ZERO =>
            {
                Self::Normal { mean: *mean, deviation: *deviation, down }
            }
            (Transform::Bands { .. } | Transform::Lookup { .. }, _) => return None,
            (_, Thresholds::Empty) => Self::Uncalibrated,
            (_, _) => return None,
        };
        Some(step)
    }

    /// The bin, where there are bins, and the points; `None` when uncalibrated.
    pub(super) fn apply(&self, reading: Reading<'_>) -> Option<(Option<u32>, i64)> {
        match (self, reading) {
            (Self::Binned { cuts, on_cut, down, points }, Reading::Number(value)) => {
                let index = band(cuts, *on_cut, value);
                let index = if *down { cuts.len() - index } else { index };
                Some((u32::try_from(index + 1).ok(), points[index]))
            }
            (Self::Range { low, high, down }, Reading::Number(value)) => {
                Some((None, turned(range(*low, *high, value), *down)))
            }
            (Self::Normal { mean, deviation, down }, Reading::Number(value)) => {
                Some((None, turned(normal(*mean, *deviation, value), *down)))
            }
            (Self::Lookup { points, other }, Reading::Category(category)) => {
                Some((None, points.get(category).copied().unwrap_or(*other)))
            }
            (_, _) => None,
        }
    }
}

/// Bins whose points are spread evenly from 0 to 100; `None` when the cuts do not make them.
fn even(cuts: &[Decimal], bins: u32, on_cut: OnCut, down: bool) -> Option<Step> {
    let last = i128::from(bins.checked_sub(1)?);
    if cuts.len() != usize::try_from(last).ok()? || !cuts.is_sorted() {
        return None;
    }
    let points = (0..=last).map(|bin| i64::try_from(round_div(i128::from(FULL) * bin, last)));
    let points = points.collect::<Result<_, _>>().ok()?;
    Some(Step::Binned { cuts: cuts.to_vec(), on_cut, down, points })
}

/// How many of the ascending cuts lie below the value.
fn band(cuts: &[Decimal], on_cut: OnCut, value: Decimal) -> usize {
    match on_cut {
        OnCut::Below => cuts.partition_point(|cut| *cut < value),
        OnCut::Above => cuts.partition_point(|cut| *cut <= value),
    }
}

fn range(low: Decimal, high: Decimal, value: Decimal) -> i64 {
    if low == high {
        return without_spread(low, value);
    }
    let inside = value.clamp(low, high);
    let share = (inside - low) / (high - low);
    units(share * Decimal::ONE_HUNDRED)
}

fn normal(mean: Decimal, deviation: Decimal, value: Decimal) -> i64 {
    let distance = value.checked_sub(mean);
    match distance.and_then(|distance| distance.checked_div(deviation)) {
        Some(z) => logistic(z),
        // No deviation, or so far away that the quotient does not fit.
        None => without_spread(mean, value),
    }
}

/// Points where everyone in the population had the same value.
fn without_spread(common: Decimal, value: Decimal) -> i64 {
    match value.cmp(&common) {
        std::cmp::Ordering::Less => 0,
        std::cmp::Ordering::Equal => FULL / 2,
        std::cmp::Ordering::Greater => FULL,
    }
}

fn turned(points: i64, down: bool) -> i64 {
    if down { FULL - points } else { points }
}
