//! Which versions of taxonomies and which scheme a run works with, and which are followed.

use std::collections::BTreeMap;

use super::taxonomies::{self, TaxonomyVersion};
use crate::run::{self, Pin};
use crate::{Database, Error};

pub use crate::run::Following;

/// The kinds of definitions in pins.
const TAXONOMIES: &str = "taxonomies";
const SCHEMES: &str = "codeSchemes";

/// The versions that a run classifies under, by taxonomy: those it was pinned to before,
/// otherwise `versions`, to which it is pinned from now on.
pub async fn pin_versions(
    db: &Database,
    run_id: i64,
    versions: &[TaxonomyVersion],
) -> Result<Vec<TaxonomyVersion>, Error> {
    let pins: Vec<Pin> = versions
        .iter()
        .map(|version| Pin {
            kind: TAXONOMIES.to_owned(),
            id: version.definition.id.clone(),
            version: Some(version.version),
        })
        .collect();
    let mut pinned = Vec::new();
    for pin in run::pin(db, run_id, &pins).await? {
        pinned.push(taxonomies::get(db, &pin.id, pin.version).await?);
    }
    Ok(pinned)
}

/// Notes which scheme a run gives codes under.
pub async fn pin_scheme(db: &Database, run_id: i64, scheme: &str) -> Result<(), Error> {
    let pin = Pin { kind: SCHEMES.to_owned(), id: scheme.to_owned(), version: None };
    run::pin(db, run_id, &[pin]).await?;
    Ok(())
}

/// The ids of the taxonomies that a run has classified everyone under, or is doing so for the
/// first time. Runs that failed or were cancelled do not count.
pub async fn followed_taxonomies(db: &Database) -> Result<BTreeMap<String, Following>, Error> {
    run::following(db, TAXONOMIES).await
}

/// The ids of the schemes that a run has given codes to everyone under, or is doing so for the
/// first time. Runs that failed or were cancelled do not count.
pub async fn followed_schemes(db: &Database) -> Result<BTreeMap<String, Following>, Error> {
    run::following(db, SCHEMES).await
}
