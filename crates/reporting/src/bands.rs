//! Where a caller has numbers cut into bands.

use crate::report::Takes;
use kehu_analytics::{Catalogue, ColumnKind};
use kehu_contract::reporting::FeatureBands;
use kehu_server::{Violations, convert};
use rust_decimal::Decimal;
use std::collections::BTreeMap;

/// Bounds of the bands of a feature at most.
const MOST_BOUNDS: usize = 29;

/// The bounds by feature, of those that a report is about.
pub(crate) fn parse(
    asked: Vec<FeatureBands>,
    (features, takes): (&[String], Takes),
    catalogue: &Catalogue,
    violations: &mut Violations,
) -> BTreeMap<String, Vec<Decimal>> {
    let mut bands = BTreeMap::new();
    if !asked.is_empty() && (features.is_empty() || takes == Takes::Numbers) {
        violations.add("bands", "must be empty: the report cuts nothing into bands");
        return bands;
    }
    if asked.len() > features.len() {
        violations.add("bands", format!("must be at most {}, one a feature", features.len()));
        return bands;
    }
    for (place, asked) in asked.into_iter().enumerate() {
        let field = format!("bands[{place}]");
        let kind = catalogue.find(&asked.feature).map(|feature| feature.kind);
        if !features.contains(&asked.feature) || bands.contains_key(&asked.feature) {
            let message = "must be one of the features of the report, each once";
            violations.add(format!("{field}.feature"), message);
        } else if !matches!(kind, Some(ColumnKind::Integer | ColumnKind::Decimal)) {
            violations.add(format!("{field}.feature"), "must be a feature that is a number");
        } else {
            let bounds = bounds(&field, &asked, violations);
            bands.insert(asked.feature, bounds);
        }
    }
    bands
}

/// The bounds of a feature, which must ascend.
fn bounds(field: &str, asked: &FeatureBands, violations: &mut Violations) -> Vec<Decimal> {
    let field = format!("{field}.bounds");
    if asked.bounds.is_empty() || asked.bounds.len() > MOST_BOUNDS {
        violations.add(field, format!("must be 1 to {MOST_BOUNDS} numbers"));
        return Vec::new();
    }
    let mut bounds = Vec::with_capacity(asked.bounds.len());
    for (place, bound) in asked.bounds.iter().enumerate() {
        let field = format!("{field}[{place}]");
        bounds.extend(convert::parse_decimal(&field, bound, violations));
    }
    if !bounds.is_sorted_by(|one, two| one < two) {
        violations.add(field, "must ascend");
    }
    bounds.into_iter().map(|bound| bound.normalize()).collect()
}
