//! Where a scorecard's indicators find their values.

use super::definition::{Missing, Scorecard};
use crate::Value;

/// Where an indicator finds its values.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) feature: usize,
    pub(super) substitute: Option<usize>,
    pub(super) fades_by: Option<usize>,
}

/// Where every indicator finds its values.
pub(super) struct Layout {
    pub(super) places: Vec<Place>,
}

impl Layout {
    pub(super) fn new(card: &Scorecard) -> Self {
        let names = card.features();
        let find = |name: &str| names.iter().position(|known| *known == name);
        let places = card.indicators.iter().map(|indicator| Place {
            feature: find(&indicator.feature).expect("every feature is in the list"),
            substitute: indicator.substitute().and_then(find),
            fades_by: indicator.fades_by().and_then(find),
        });
        Self { places: places.collect() }
    }

    /// Whether every indicator that must have a value has one.
    pub(super) fn can_score(&self, card: &Scorecard, values: &[Value]) -> bool {
        let mut pairs = card.indicators.iter().zip(&self.places);
        pairs.all(|(indicator, place)| {
            indicator.missing != Missing::Fail
                || indicator.transform.read(&values[place.feature]).is_some()
        })
    }

    /// The place of the feature of the indicator with this id.
    pub(super) fn measure(&self, card: &Scorecard, id: &str) -> Option<usize> {
        let position = card.indicators.iter().position(|indicator| indicator.id == id)?;
        Some(self.places[position].feature)
    }
}
