//! Client certificates that stand for scopes.

use super::{Principal, Scope};
use serde::Deserialize;
use std::collections::BTreeSet;

/// What the holder of a certificate may do; an entry of `[[auth.certificates]]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// A DNS or URI name (subject alternative name), compared letter by letter:
    /// `shop.example.com`, `spiffe://example.com/crm`.
    pub name: String,
    /// What it may do.
    pub scopes: BTreeSet<Scope>,
}

/// The holder of a certificate with these names: the first grant that has one of them names it,
/// and all of them add their scopes. `None` when there is no such grant.
pub(super) fn holder(grants: &[Grant], names: &[String]) -> Option<Principal> {
    let mut found: Option<Principal> = None;
    for grant in grants.iter().filter(|grant| names.contains(&grant.name)) {
        let subject = || Principal { subject: grant.name.clone(), scopes: BTreeSet::new() };
        found.get_or_insert_with(subject).scopes.extend(&grant.scopes);
    }
    found
}
