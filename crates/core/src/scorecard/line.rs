//! One indicator, prepared, and what it makes of a customer.

use rust_decimal::Decimal;

use super::calibration::IndicatorCalibration;
use super::definition::{Indicator, Missing};
use super::layout::Place;
use super::score::{Contribution, MissingPolicyApplied};
use super::statistics::{points, round_div};
use super::step::{Reading, Step};
use crate::Value;

/// Decimals that a weight may have.
pub(super) const WEIGHT_SCALE: u32 = 6;
/// Beyond this, 10^12, nothing is left of a weight that fades.
const MOST_COUNTED: Decimal = Decimal::from_parts(0xd4a5_1000, 0xe8, 0, false, 0);

/// One indicator, prepared.
#[derive(Debug, Clone)]
pub(super) struct Line {
    indicator: Indicator,
    place: Place,
    step: Step,
    /// The weight as a whole number of millionths.
    weight: i128,
    imputed: Option<Decimal>,
}

/// What an indicator makes of a customer, before weights.
pub(super) struct Mark {
    bin: Option<u32>,
    /// A count of 1/10,000 point; `None` when not in force.
    pub(super) points: Option<i64>,
    /// What they count, in millionths.
    pub(super) weight: i128,
    policy: Option<MissingPolicyApplied>,
}

impl Line {
    /// `None` when the calibration is that of another indicator.
    pub(super) fn new(
        indicator: &Indicator,
        frozen: &IndicatorCalibration,
        place: Place,
    ) -> Option<Self> {
        if indicator.id != frozen.id {
            return None;
        }
        Some(Self {
            step: Step::new(indicator, &frozen.thresholds)?,
            indicator: indicator.clone(),
            place,
            weight: whole(indicator.weight),
            imputed: frozen.imputed,
        })
    }

    /// What it makes of a customer with these values.
    pub(super) fn mark(&self, values: &[Value]) -> Mark {
        let weight = self.weighed(values);
        Mark { weight, ..self.unweighed(values) }
    }

    /// The weight for a customer with these values, in millionths.
    fn weighed(&self, values: &[Value]) -> i128 {
        let (Some(fade), Some(place)) = (&self.indicator.fade, self.place.fades_by) else {
            return self.weight;
        };
        let count = values[place].number().unwrap_or_default().clamp(Decimal::ZERO, MOST_COUNTED);
        let half = whole(fade.half);
        round_div(self.weight * half, half + whole(count))
    }

    fn unweighed(&self, values: &[Value]) -> Mark {
        let transform = &self.indicator.transform;
        if let Some(reading) = transform.read(&values[self.place.feature]) {
            return self.points(reading, None);
        }
        match &self.indicator.missing {
            Missing::Fail => Mark::left_out(MissingPolicyApplied::Failed),
            Missing::Ignore => Mark::left_out(MissingPolicyApplied::Ignored),
            Missing::Impute { .. } => match self.imputed {
                None => Mark::left_out(MissingPolicyApplied::Uncalibrated),
                Some(value) => {
                    let applied = MissingPolicyApplied::Imputed { value };
                    self.points(Reading::Number(value), Some(applied))
                }
            },
            Missing::Substitute { feature } => self.substituted(feature, values),
        }
    }

    fn substituted(&self, feature: &str, values: &[Value]) -> Mark {
        let value = self.place.substitute.map_or(&Value::Null, |place| &values[place]);
        match self.indicator.transform.read(value) {
            None => Mark::left_out(MissingPolicyApplied::Ignored),
            Some(reading) => {
                let (feature, value) = (feature.to_owned(), value.clone());
                self.points(reading, Some(MissingPolicyApplied::Substituted { feature, value }))
            }
        }
    }

    fn points(&self, reading: Reading<'_>, policy: Option<MissingPolicyApplied>) -> Mark {
        match self.step.apply(reading) {
            Some((bin, points)) => Mark { bin, points: Some(points), weight: 0, policy },
            None => Mark::left_out(MissingPolicyApplied::Uncalibrated),
        }
    }

    /// Its line in the explanation, once its share of the composite is known.
    pub(super) fn contribution(&self, values: &[Value], mark: Mark, share: i64) -> Contribution {
        Contribution {
            indicator: self.indicator.id.clone(),
            value: values[self.place.feature].clone(),
            bin: mark.bin,
            points: mark.points.map(points),
            weight: self.indicator.weight,
            faded: mark.points.and(self.place.fades_by).map(|_| millionths(mark.weight)),
            contribution: points(share),
            policy: mark.policy,
        }
    }
}

impl Mark {
    fn left_out(policy: MissingPolicyApplied) -> Self {
        Self { bin: None, points: None, weight: 0, policy: Some(policy) }
    }

    /// Whether the customer is not to be scored because of it.
    pub(super) fn failed(&self) -> bool {
        self.policy == Some(MissingPolicyApplied::Failed)
    }

    /// Takes back bin and points.
    pub(super) fn clear(&mut self) {
        (self.bin, self.points) = (None, None);
    }
}

/// A number as a whole number of millionths.
fn whole(mut number: Decimal) -> i128 {
    number.rescale(WEIGHT_SCALE);
    number.mantissa()
}

fn millionths(weight: i128) -> Decimal {
    Decimal::from_i128_with_scale(weight, WEIGHT_SCALE)
}
