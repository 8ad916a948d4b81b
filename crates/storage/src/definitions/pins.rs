//! Which versions of definitions a run works with, and which are followed.

use std::collections::BTreeMap;

use super::read::{get, ids};
use super::{Definition, Version};
use crate::run::{self, Following, Pin};
use crate::{Database, Error};

/// The versions that a run works with, by id: those it was pinned to before, otherwise
/// `versions`, to which it is pinned from now on.
pub async fn pin<D: Definition>(
    db: &Database,
    run_id: i64,
    versions: &[Version<D>],
) -> Result<Vec<Version<D>>, Error> {
    let pins: Vec<Pin> = versions.iter().map(of).collect();
    load(db, run::pin(db, run_id, &pins).await?).await
}

async fn load<D: Definition>(db: &Database, pins: Vec<Pin>) -> Result<Vec<Version<D>>, Error> {
    let mut versions = Vec::new();
    for pin in pins {
        if pin.kind == D::KIND.collection {
            versions.push(get(db, &pin.id, pin.version).await?);
        }
    }
    Ok(versions)
}

/// The pin of a version.
pub fn of<D: Definition>(version: &Version<D>) -> Pin {
    Pin {
        kind: D::KIND.collection.to_owned(),
        id: version.definition.id().to_owned(),
        version: D::KIND.versioned.then_some(version.version),
    }
}

/// The ids of the definitions with which a run has been through everyone, or is doing so for the
/// first time. Runs that failed or were cancelled do not count, and what is retired is left out.
pub async fn following<D: Definition>(db: &Database) -> Result<BTreeMap<String, Following>, Error> {
    let mut following = run::following(db, D::KIND.collection).await?;
    let ids = ids(db.reader(), &D::KIND).await?;
    following.retain(|id, _| ids.contains(id));
    Ok(following)
}
