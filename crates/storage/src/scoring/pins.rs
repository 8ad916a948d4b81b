//! Which versions of scorecards a run computes, and which are followed.

use chrono::NaiveDate;

use super::scorecards::{self, Version};
use crate::run::{self, Pin};
use crate::{Database, Error};

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
        let Some(pinned) = run::latest(db, SCORECARDS, id).await? else { continue };
        let version = if pinned.version == Some(scorecard.version) {
            scorecard
        } else {
            scorecards::get(db, id, pinned.version).await?
        };
        followed.push(Followed { version, as_of: pinned.as_of });
    }
    Ok(followed)
}
