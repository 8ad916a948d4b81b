//! Resource names: `customers/17`, `runs/7`, `scorecards/rfm`. A request takes the full name of a
//! resource and, as its shorthand, the bare id (`17`, `7`, `rfm`); answers say the full name. The
//! number of a version stands in a field of its own.

use std::collections::BTreeSet;

use crate::Violations;
pub use kehu_core::identifier::is_id;
use kehu_core::{CustomerId, attribute};

/// The collection of scorecards.
pub const SCORECARDS: &str = "scorecards";
/// The collection of models.
pub const MODELS: &str = "models";
/// The collection of taxonomies.
pub const TAXONOMIES: &str = "taxonomies";
/// The collection of code schemes.
pub const CODE_SCHEMES: &str = "codeSchemes";

/// The collection of pairs that are probably one customer.
const MATCH_CANDIDATES: &str = "matchCandidates";
/// The collection of evaluations of taxonomies.
const EVALUATIONS: &str = "taxonomyEvaluations";
/// The collection of attributes.
const ATTRIBUTES: &str = "attributes";

/// `customers/17`.
pub fn customer(id: CustomerId) -> String {
    id.to_string()
}

/// The number in `customers/17` or `17`; anything else is a violation of `field`.
pub fn parse_customer(field: &str, name: &str, violations: &mut Violations) -> Option<CustomerId> {
    numbered(field, "customers", name, violations).map(CustomerId)
}

/// `runs/7`.
pub fn run(id: i64) -> String {
    format!("runs/{id}")
}

/// The number in `runs/7` or `7`; anything else is a violation of `field`.
pub fn parse_run(field: &str, name: &str, violations: &mut Violations) -> Option<i64> {
    numbered(field, "runs", name, violations)
}

/// `rejects/17`.
pub fn reject(id: i64) -> String {
    format!("rejects/{id}")
}

/// `merges/3`.
pub fn merge(id: i64) -> String {
    format!("merges/{id}")
}

/// The number in `merges/3` or `3`; anything else is a violation of `field`.
pub fn parse_merge(field: &str, name: &str, violations: &mut Violations) -> Option<i64> {
    numbered(field, "merges", name, violations)
}

/// `matchCandidates/3`.
pub fn match_candidate(id: i64) -> String {
    format!("{MATCH_CANDIDATES}/{id}")
}

/// The number in `matchCandidates/3` or `3`; anything else is a violation of `field`.
pub fn parse_match_candidate(field: &str, name: &str, violations: &mut Violations) -> Option<i64> {
    numbered(field, MATCH_CANDIDATES, name, violations)
}

/// `taxonomyEvaluations/3`.
pub fn evaluation(id: i64) -> String {
    format!("{EVALUATIONS}/{id}")
}

/// The number in `taxonomyEvaluations/3` or `3`; anything else is a violation of `field`.
pub fn parse_evaluation(field: &str, name: &str, violations: &mut Violations) -> Option<i64> {
    numbered(field, EVALUATIONS, name, violations)
}

/// The number in `rejects/17` or `17`; anything else is a violation of `field`.
pub fn parse_reject(field: &str, name: &str, violations: &mut Violations) -> Option<i64> {
    numbered(field, "rejects", name, violations)
}

/// `codeSchemes/standard`, from its collection and id.
pub fn resource(collection: &str, id: &str) -> String {
    format!("{collection}/{id}")
}

/// `attributes/employees`.
pub fn attribute(id: &str) -> String {
    resource(ATTRIBUTES, id)
}

/// The id in `attributes/employees` or `employees`; anything else is a violation of `field`.
pub fn parse_attribute(field: &str, name: &str, violations: &mut Violations) -> Option<String> {
    let id = within(ATTRIBUTES, name);
    if attribute::is_id(id) {
        return Some(id.to_owned());
    }
    violations.add(field, "must be a name like attributes/employees, or the id alone");
    None
}

/// The id in `codeSchemes/standard` or `standard`; anything else is a violation of `field`.
pub fn parse_resource(
    field: &str,
    collection: &str,
    name: &str,
    violations: &mut Violations,
) -> Option<String> {
    let id = within(collection, name);
    if is_id(id) {
        return Some(id.to_owned());
    }
    violations.add(field, format!("must be a name like {collection}/my-id, or the id alone"));
    None
}

/// The id as in [`parse_resource`] of a field that may be empty; `None` when it is.
pub fn parse_optional(
    field: &str,
    collection: &str,
    name: &str,
    violations: &mut Violations,
) -> Option<String> {
    if name.is_empty() {
        return None;
    }
    parse_resource(field, collection, name, violations)
}

/// What one request may name in a list; more is refused without a look at it.
pub const LISTED: usize = 1_000;

/// Whether a list is short enough to be looked at; one that is not is a violation of `field`.
pub fn is_short<T>(field: &str, names: &[T], violations: &mut Violations) -> bool {
    if names.len() > LISTED {
        violations.add(field, format!("must have at most {LISTED} names: send some at a time"));
    }
    names.len() <= LISTED
}

/// The numbers of a list of customers that must not be empty, in its order.
pub fn parse_customers(
    field: &str,
    names: &[String],
    violations: &mut Violations,
) -> Vec<CustomerId> {
    if names.is_empty() {
        violations.add(field, "must name at least one customer");
    }
    if !is_short(field, names, violations) {
        return Vec::new();
    }
    let each = names.iter().enumerate();
    each.filter_map(|(index, name)| parse_customer(&format!("{field}[{index}]"), name, violations))
        .collect()
}

/// The ids of a list, each as in [`parse_resource`] and none of them twice.
pub fn parse_resources(
    field: &str,
    collection: &str,
    names: &[String],
    violations: &mut Violations,
) -> Vec<String> {
    if !is_short(field, names, violations) {
        return Vec::new();
    }
    let mut seen = BTreeSet::new();
    let mut ids = Vec::with_capacity(names.len());
    for (index, name) in names.iter().enumerate() {
        let field = format!("{field}[{index}]");
        let Some(id) = parse_resource(&field, collection, name, violations) else { continue };
        if seen.insert(id.clone()) {
            ids.push(id);
        } else {
            violations.add(field, format!("is named twice: name {collection}/{id} once"));
        }
    }
    ids
}

/// The number of a version, 1 or more; `None` for 0, which means the latest.
pub fn parse_version(field: &str, version: i64, violations: &mut Violations) -> Option<i64> {
    if version < 0 {
        violations.add(field, "must be the number of a version, 1 or more, or 0 for the latest");
    }
    Some(version).filter(|version| *version > 0)
}

fn numbered(field: &str, collection: &str, name: &str, violations: &mut Violations) -> Option<i64> {
    let number = positive(within(collection, name));
    if number.is_none() {
        violations.add(field, format!("must be a name like {collection}/17, or the number alone"));
    }
    number
}

/// What stands behind the collection, or all of a text that does not begin with it.
fn within<'a>(collection: &str, name: &'a str) -> &'a str {
    name.strip_prefix(collection).and_then(|rest| rest.strip_prefix('/')).unwrap_or(name)
}

fn positive(text: &str) -> Option<i64> {
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok().filter(|number| *number > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_parse_or_are_violations() {
        for (name, id) in [
            ("customers/17", Some(17)),
            ("17", Some(17)),
            ("customers/0", None),
            ("customers/+1", None),
            ("customers/99999999999999999999", None),
            ("customers/customers/17", None),
            ("runs/17", None),
            ("customers/", None),
            ("", None),
        ] {
            let mut violations = Violations::new();
            let parsed = parse_customer("name", name, &mut violations);
            assert_eq!(parsed.map(|customer| customer.0), id, "{name}");
            assert_eq!(violations.is_empty(), id.is_some(), "{name}");
        }
    }

    #[test]
    fn ids_parse_or_are_violations() {
        for (name, id) in [
            ("scorecards/rfm-mean", Some("rfm-mean")),
            ("rfm-mean", Some("rfm-mean")),
            ("scorecards", Some("scorecards")),
            ("scorecards/scorecards/rfm", None),
            ("taxonomies/rfm", None),
            ("scorecards/rfm/versions/1", None),
            ("scorecards/RFM", None),
            ("scorecards/", None),
            ("", None),
        ] {
            let mut violations = Violations::new();
            let parsed = parse_resource("name", "scorecards", name, &mut violations);
            assert_eq!(parsed.as_deref(), id, "{name}");
            assert_eq!(violations.is_empty(), id.is_some(), "{name}");
        }
        let mut violations = Violations::new();
        assert_eq!(parse_optional("name", "scorecards", "", &mut violations), None);
        assert!(violations.is_empty());
    }

    #[test]
    fn a_list_names_each_once() {
        let names = ["rfm", "scorecards/abc", "scorecards/rfm"].map(str::to_owned);
        let mut violations = Violations::new();
        let ids = parse_resources("scorecards", "scorecards", &names, &mut violations);
        assert_eq!(ids, ["rfm", "abc"]);
        let fault = violations.finish().unwrap_err();
        assert!(format!("{fault:?}").contains("scorecards[2]"), "{fault:?}");
    }

    #[test]
    fn the_version_0_is_the_latest() {
        for (version, expected, fine) in [(0, None, true), (3, Some(3), true), (-1, None, false)] {
            let mut violations = Violations::new();
            assert_eq!(parse_version("version", version, &mut violations), expected);
            assert_eq!(violations.is_empty(), fine);
        }
    }
}
