//! Models: what a run has learnt is a draft, and scores nobody until somebody promotes it.

use chrono::NaiveDate;
use kehu_core::model::Trained;
use serde::{Deserialize, Serialize};

use crate::definitions::{self, Definition, Kind};
use crate::document::Document;
use crate::{Database, Error};

/// The model of customer value; it is the only one of its kind.
pub const CUSTOMER_VALUE: &str = "customer-value";

/// One version of a model.
pub type Version = definitions::Version<Trained>;

/// What promoting freezes into a version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Promoted {
    /// The business date from which on it is used; `None` where it holds before its time, too.
    pub effective_on: Option<NaiveDate>,
}

impl Document for Trained {
    const NAME: &'static str = "model";
}

impl Document for Promoted {
    const NAME: &'static str = "promotion of a model";
}

impl Definition for Trained {
    const KIND: Kind =
        Kind { name: "model", collection: "models", versioned: true, approval: false };

    type Frozen = Promoted;

    fn id(&self) -> &str {
        &self.id
    }
}

/// The version of a model that is used as of a date: of those promoted from that day or an earlier
/// one on the latest, or the first one there is before its time. `None` when none was promoted.
pub async fn used(db: &Database, id: &str, as_of: NaiveDate) -> Result<Option<Version>, Error> {
    let versions = definitions::published::<Trained>(db, id).await?;
    let effective = |version: &Version| version.published.as_ref()?.frozen.effective_on;
    let mut used: Option<Version> = None;
    for version in versions.into_iter().rev() {
        let begins = effective(&version);
        let is_later = used.as_ref().is_none_or(|used| effective(used) <= begins);
        if used.is_none() || (is_later && begins.is_none_or(|day| day <= as_of)) {
            used = Some(version);
        }
    }
    Ok(used)
}
