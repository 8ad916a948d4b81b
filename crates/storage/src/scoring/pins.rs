//! Which versions of scorecards a run computes, and which are followed.

use chrono::NaiveDate;

use super::scorecards::{self, Version};
use crate::run::{self, Pin};
use crate::{Database, Error, Transaction};

/// The kind of definition in pins.
const SCORECARDS: &str = "scorecards";

/// The versions that a run computes, by scorecard: those it was pinned to before, otherwise
/// `versions`, to which it is pinned from now on.
pub async fn pin(db: &Database, run_id: i64, versions: &[Version]) -> Result<Vec<Version>, Error> {
    let pins: Vec<Pin> = versions.iter().map(of).collect();
    let mut pinned = Vec::new();
    for pin in run::pin(db, run_id, &pins).await? {
        pinned.push(scorecards::get(db, &pin.id, pin.version).await?);
    }
    Ok(pinned)
}

/// The versions that a run was pinned to, by scorecard.
pub async fn pinned(db: &Database, run_id: i64) -> Result<Vec<Version>, Error> {
    let mut pinned = Vec::new();
    for pin in run::pins(db, &[run_id]).await?.remove(&run_id).unwrap_or_default() {
        if pin.kind == SCORECARDS {
            pinned.push(scorecards::get(db, &pin.id, pin.version).await?);
        }
    }
    Ok(pinned)
}

fn of(version: &Version) -> Pin {
    Pin {
        kind: SCORECARDS.to_owned(),
        id: version.definition.id.clone(),
        version: Some(version.version),
    }
}

/// A scorecard whose scores follow changes, because a run computes or has computed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Followed {
    /// The version of the run with the latest date, the newest of them.
    pub version: Version,
    /// That date.
    pub as_of: NaiveDate,
}

/// The scorecards that a run has computed or is computing now, by id. Runs that failed or were
/// cancelled do not count.
pub async fn followed(db: &Database) -> Result<Vec<Followed>, Error> {
    let mut followed = Vec::new();
    for scorecard in scorecards::in_force::<&str>(db, &[]).await? {
        let id = &scorecard.definition.id;
        let Some(pinned) = run::latest(db.reader(), SCORECARDS, id).await? else { continue };
        let version = if pinned.version == Some(scorecard.version) {
            scorecard
        } else {
            scorecards::get(db, id, pinned.version).await?
        };
        followed.push(Followed { version, as_of: pinned.as_of });
    }
    Ok(followed)
}

/// [`Error::Conflict`] when these are not the versions that are followed any more, because a run
/// has been taken up since: load them again. To be asked in the transaction of what they gave.
pub async fn check_followed(transaction: &Transaction, followed: &[Followed]) -> Result<(), Error> {
    for one in followed {
        let id = &one.version.definition.id;
        let pinned = run::latest(transaction, SCORECARDS, id).await?;
        if pinned.is_none_or(|pinned| pinned.version != Some(one.version.version)) {
            let text = format!("a run under scorecard {id} was taken up meanwhile, load it again");
            return Err(Error::Conflict(text));
        }
    }
    Ok(())
}
