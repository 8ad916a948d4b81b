//! Scorecards: definitions that publishing calibrates.

use chrono::NaiveDate;
use kehu_core::scorecard::{Calibration, Scorecard};
use serde::{Deserialize, Serialize};

use crate::definitions::{self, Definition, Kind};
use crate::document::Document;

/// One version of a scorecard.
pub type Version = definitions::Version<Scorecard>;

/// What publishing freezes into a version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calibrated {
    /// The thresholds, and how many customers they came from.
    pub calibration: Calibration,
    /// The business date of the customers' features.
    #[serde(with = "kehu_core::calendar::as_text")]
    pub calibrated_on: NaiveDate,
}

impl Document for Scorecard {
    const NAME: &'static str = "scorecard";
}

impl Document for Calibrated {
    const NAME: &'static str = "calibration of a scorecard";
}

impl Definition for Scorecard {
    const KIND: Kind =
        Kind { name: "scorecard", collection: "scorecards", versioned: true, approval: false };

    type Frozen = Calibrated;

    fn id(&self) -> &str {
        &self.id
    }
}
