//! The messages of scoring and the types of the domain, both ways. What a caller sends is
//! checked, and everything that is wrong with it is collected before it is answered.

mod definition;
mod fields;
mod scores;
mod view;

use chrono::{DateTime, NaiveDate, Utc};
use kehu_analytics::{ColumnKind, features};
use kehu_contract::google::r#type as google;
use kehu_contract::scoring as contract;
use kehu_core::scorecard::FeatureKind;
use kehu_server::{Fault, Violations, convert, names};
use kehu_storage::scoring::scores::View;
use prost_types::Timestamp;

pub(crate) use definition::parse_definition;
pub(crate) use fields::scorecard_problems;
pub(crate) use scores::{contributions, score_view};
pub(crate) use view::{scorecard_view, template};

/// The feature for callers.
pub(crate) fn feature(feature: &features::Feature) -> contract::Feature {
    let kind = match kind(feature.kind) {
        FeatureKind::Number => contract::FeatureKind::Number,
        FeatureKind::Text => contract::FeatureKind::Text,
        FeatureKind::Bool => contract::FeatureKind::Boolean,
    };
    contract::Feature {
        id: feature.id.to_owned(),
        label: Some(convert::label(&feature.label)),
        group: feature.group.to_owned(),
        kind: kind.into(),
        unit: feature.unit.to_owned(),
        description: feature.description.to_owned(),
    }
}

/// What kind of values the feature of this name has; `None` when there is no such feature.
pub(crate) fn feature_kind(name: &str) -> Option<FeatureKind> {
    features::find(name).map(|feature| kind(feature.kind))
}

fn kind(kind: ColumnKind) -> FeatureKind {
    match kind {
        ColumnKind::Integer | ColumnKind::Decimal | ColumnKind::Ratio => FeatureKind::Number,
        ColumnKind::Text => FeatureKind::Text,
        ColumnKind::Boolean => FeatureKind::Bool,
    }
}

/// Which scores are meant: those true on a date as known at a time.
pub(crate) fn parse_view(
    true_on: Option<google::Date>,
    known: &Option<Timestamp>,
    violations: &mut Violations,
) -> View {
    let true_on: Option<NaiveDate> = convert::parse_date("true_on_date", true_on, violations);
    let known_at: Option<DateTime<Utc>> = convert::parse_timestamp("known_time", known, violations);
    View { true_on, known_at }
}

/// The id of a scorecard.
pub(crate) fn check_scorecard(field: &str, id: &str, violations: &mut Violations) {
    if !names::is_id(id) {
        violations.add(field, "must be the id of a scorecard, such as rfm");
    }
}

/// The id that a caller gave to its call, `None` when it gave none.
pub(crate) fn parse_request_id(id: &str, violations: &mut Violations) -> Option<String> {
    if id.is_empty() {
        return None;
    }
    let is_hyphen = |place: usize| [8, 13, 18, 23].contains(&place);
    let fits = |(place, byte): (usize, u8)| {
        if is_hyphen(place) { byte == b'-' } else { byte.is_ascii_hexdigit() }
    };
    if id.len() != 36 || !id.bytes().enumerate().all(fits) {
        violations.add("request_id", "must be a UUID such as 6f1e2a34-0b5c-4d7e-8f90-123456789abc");
    }
    Some(id.to_ascii_lowercase())
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

    #[test]
    fn a_definition_survives_the_way_to_the_caller_and_back() {
        for card in templates() {
            let mut violations = Violations::new();
            let back = parse_definition(template(&card), &mut violations);
            assert!(violations.is_empty(), "{}", card.id);
            assert_eq!(back, card);
            assert_eq!(card.validate(&feature_kind), vec![]);
        }
    }

    #[test]
    fn request_ids_are_uuids() {
        for (id, parsed, good) in [
            ("", None, true),
            (
                "6F1E2A34-0b5c-4d7e-8f90-123456789abc",
                Some("6f1e2a34-0b5c-4d7e-8f90-123456789abc"),
                true,
            ),
            ("6f1e2a340b5c4d7e8f90123456789abc", None, false),
            ("6f1e2a34-0b5c-4d7e-8f90-12345678客", None, false),
        ] {
            let mut violations = Violations::new();
            let found = parse_request_id(id, &mut violations);
            assert_eq!(violations.is_empty(), good, "{id}");
            assert_eq!(found.as_deref().filter(|_| good), parsed, "{id}");
        }
    }
}
