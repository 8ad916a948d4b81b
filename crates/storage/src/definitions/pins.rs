//! Which versions of definitions a run works with, and which are followed.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::read::{get, ids};
use super::{Definition, Version};
use crate::run::{self, Following, Pin};
use crate::{Database, Error, Transaction};

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

/// The versions that a run was pinned to, by id.
pub async fn pinned<D: Definition>(db: &Database, run_id: i64) -> Result<Vec<Version<D>>, Error> {
    load(db, run::pins(db, &[run_id]).await?.remove(&run_id).unwrap_or_default()).await
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

/// A definition whose results follow changes, because a run works or has worked with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Followed<D: Definition> {
    /// The version of the run with the latest date, the newest of them.
    pub version: Version<D>,
    /// That date.
    pub as_of: NaiveDate,
}

/// The definitions that a run has worked with or is working with now, by id. Runs that failed or
/// were cancelled do not count, and what is retired is not followed.
pub async fn followed<D: Definition>(db: &Database) -> Result<Vec<Followed<D>>, Error> {
    let mut followed = Vec::new();
    for id in ids(db.reader(), &D::KIND).await? {
        let pinned = run::latest(db.reader(), D::KIND.collection, &id).await?;
        let Some(pinned) = pinned else { continue };
        let version = get(db, &id, pinned.version).await?;
        followed.push(Followed { version, as_of: pinned.as_of });
    }
    Ok(followed)
}

/// [`Error::Conflict`] when these are not the versions that are followed any more, because a run
/// has been taken up since: load them again. To be asked in the transaction of what they gave.
pub async fn check_followed<D: Definition>(
    transaction: &Transaction,
    followed: &[Followed<D>],
) -> Result<(), Error> {
    for one in followed {
        let id = one.version.definition.id();
        let pinned = run::latest(transaction, D::KIND.collection, id).await?;
        if pinned.is_none_or(|pinned| pinned.version != of(&one.version).version) {
            let kind = D::KIND.name;
            let text = format!("a run under {kind} {id} was taken up meanwhile, load it again");
            return Err(Error::Conflict(text));
        }
    }
    Ok(())
}

/// The ids of the definitions with which a run has been through everyone, or is doing so for the
/// first time. Runs that failed or were cancelled do not count, and what is retired is left out.
pub async fn following<D: Definition>(db: &Database) -> Result<BTreeMap<String, Following>, Error> {
    let mut following = run::following(db, D::KIND.collection).await?;
    let ids = ids(db.reader(), &D::KIND).await?;
    following.retain(|id, _| ids.contains(id));
    Ok(following)
}
