//! Resource names: `customers/17`, `runs/7`, `scorecards/rfm/versions/1`.

use crate::Violations;
use kehu_core::CustomerId;
pub use kehu_core::identifier::is_id;

/// `customers/17`.
pub fn customer(id: CustomerId) -> String {
    id.to_string()
}

/// The number in `customers/17`; anything else is a violation of `field`.
pub fn parse_customer(field: &str, name: &str, violations: &mut Violations) -> Option<CustomerId> {
    numbered(field, "customers", name, violations).map(CustomerId)
}

/// `runs/7`.
pub fn run(id: i64) -> String {
    format!("runs/{id}")
}

/// The number in `runs/7`; anything else is a violation of `field`.
pub fn parse_run(field: &str, name: &str, violations: &mut Violations) -> Option<i64> {
    numbered(field, "runs", name, violations)
}

/// `rejects/17`.
pub fn reject(id: i64) -> String {
    format!("rejects/{id}")
}

/// `codeSchemes/standard`, from its collection and id.
pub fn resource(collection: &str, id: &str) -> String {
    format!("{collection}/{id}")
}

/// The id in `codeSchemes/standard`; anything else is a violation of `field`.
pub fn parse_resource(
    field: &str,
    collection: &str,
    name: &str,
    violations: &mut Violations,
) -> Option<String> {
    let id = name.strip_prefix(collection).and_then(|rest| rest.strip_prefix('/'));
    if let Some(id) = id.filter(|id| is_id(id)) {
        return Some(id.to_owned());
    }
    violations.add(field, format!("must be a name like {collection}/my-id"));
    None
}

/// `scorecards/rfm/versions/1`, from its collection, id and version.
pub fn version(collection: &str, id: &str, version: i64) -> String {
    format!("{collection}/{id}/versions/{version}")
}

/// The id in `scorecards/rfm`, with the version of `scorecards/rfm/versions/1`; anything else
/// is a violation of `field`.
pub fn parse_versioned(
    field: &str,
    collection: &str,
    name: &str,
    violations: &mut Violations,
) -> Option<(String, Option<i64>)> {
    let rest = name.strip_prefix(collection).and_then(|rest| rest.strip_prefix('/')).unwrap_or("");
    let (id, number) = match rest.split_once("/versions/") {
        None => (rest, Some(None)),
        Some((id, number)) => (id, positive(number).map(Some)),
    };
    match number {
        Some(number) if is_id(id) => Some((id.to_owned(), number)),
        _ => {
            violations.add(
                field,
                format!("must be a name like {collection}/my-id or {collection}/my-id/versions/1"),
            );
            None
        }
    }
}

fn numbered(field: &str, collection: &str, name: &str, violations: &mut Violations) -> Option<i64> {
    let rest = name.strip_prefix(collection).and_then(|rest| rest.strip_prefix('/'));
    if let Some(id) = rest.and_then(positive) {
        return Some(id);
    }
    violations.add(field, format!("must be a name like {collection}/17"));
    None
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
    fn names_parse_or_are_violations() {
        for (name, id) in [
            ("customers/17", Some(17)),
            ("customers/0", None),
            ("customers/+1", None),
            ("customers/99999999999999999999", None),
            ("runs/17", None),
            ("17", None),
            ("", None),
        ] {
            let mut violations = Violations::new();
            let parsed = parse_customer("name", name, &mut violations);
            assert_eq!(parsed.map(|customer| customer.0), id, "{name}");
            assert_eq!(violations.is_empty(), id.is_some(), "{name}");
        }
    }

    #[test]
    fn versions_are_optional() {
        for (name, expected) in [
            ("scorecards/rfm", Some(("rfm", None))),
            ("scorecards/rfm-mean/versions/2", Some(("rfm-mean", Some(2)))),
            ("scorecards/rfm/versions/x", None),
            ("scorecards/RFM", None),
            ("scorecards/", None),
        ] {
            let parsed = parse_versioned("name", "scorecards", name, &mut Violations::new());
            let expected = expected.map(|(id, version)| (id.to_owned(), version));
            assert_eq!(parsed, expected, "{name}");
        }
    }
}
