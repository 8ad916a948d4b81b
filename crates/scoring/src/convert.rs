//! The messages of scoring and the types of the domain, both ways. What a caller sends is
//! checked, and everything that is wrong with it is collected before it is answered.

mod definition;
mod fields;
mod model;
mod scores;
mod simulation;
mod view;

use kehu_analytics::{Catalogue, ColumnKind, Feature};
use kehu_contract::scoring as contract;
use kehu_core::scorecard::FeatureKind;
use kehu_server::{Fault, convert, names};

pub(crate) use definition::parse_definition;
pub use definition::scorecard;
pub(crate) use fields::scorecard_problems;
pub(crate) use model::{model_view, parse_fitting};
pub(crate) use scores::{contributions, result, score_view};
pub(crate) use simulation::simulation;
pub(crate) use view::scorecard_view;
pub use view::template;

/// The feature for callers.
pub(crate) fn feature(feature: &Feature) -> contract::Feature {
    let kind = match kind(feature.kind) {
        FeatureKind::Number => contract::FeatureKind::Number,
        FeatureKind::Text => contract::FeatureKind::Text,
        FeatureKind::Bool => contract::FeatureKind::Boolean,
    };
    contract::Feature {
        id: feature.id.clone(),
        label: Some(convert::label(&feature.label)),
        group: feature.group.clone(),
        kind: kind.into(),
        unit: feature.unit.clone(),
        description: feature.description.clone(),
        family: convert::family(feature.family).into(),
        attribute: feature.attribute.as_deref().map(names::attribute).unwrap_or_default(),
        unusable_reason: String::new(),
    }
}

/// What kind of values the feature of this name has; `None` when there is no such feature.
pub(crate) fn feature_kind(catalogue: &Catalogue, name: &str) -> Option<FeatureKind> {
    catalogue.find(name).map(|feature| kind(feature.kind))
}

fn kind(kind: ColumnKind) -> FeatureKind {
    match kind {
        ColumnKind::Integer | ColumnKind::Decimal | ColumnKind::Ratio => FeatureKind::Number,
        ColumnKind::Text => FeatureKind::Text,
        ColumnKind::Boolean => FeatureKind::Bool,
    }
}

/// A failure of analytics: that of the database below it, or one of ours.
pub(crate) fn analytics_fault(error: kehu_analytics::Error) -> Fault {
    match error {
        kehu_analytics::Error::Storage(error) => error.into(),
        error => Fault::internal(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kehu_core::scorecard::templates;
    use kehu_server::Violations;

    #[test]
    fn a_definition_survives_the_way_to_the_caller_and_back() {
        let catalogue = Catalogue::shipped();
        for card in templates() {
            let mut violations = Violations::new();
            let back = parse_definition(template(&card), &catalogue, &mut violations);
            assert!(violations.is_empty(), "{}", card.id);
            assert_eq!(back, card);
            let kinds = |name: &str| feature_kind(&catalogue, name);
            assert_eq!(card.validate(&kinds), vec![]);
        }
    }
}
