//! Assessments of prospects: how a person judges what may become of a customer.

use chrono::{DateTime, NaiveDate, Utc};

use super::{Kind, Measured, TimelineQuery};
use crate::bulk::Column;
use crate::facts::{FactColumn, FactTable, FactType};
use crate::ingestion::versions::{Columns, Head, Place, Versioned};
use crate::time;

/// The sequence of the numbers of versions of assessments.
pub(crate) const ASSESSMENT_NUMBER: &str = "prospect_assessment_number";

/// The kind.
pub(super) static KIND: Kind = Kind {
    name: PLACE.kind,
    timeline: &[TIMELINE],
    facts: &[FACTS],
    valued: None,
    versions: Some(&PLACE),
    measured: &[MEASURED],
};

const MEASURED: Measured = Measured {
    from: "prospect_assessment r",
    fields: &[],
    alike: Some(("r.assessed_at", "r.assessor, r.score, r.withdrawn")),
};

static PLACE: Place = Place {
    kind: "prospect_assessment",
    table: "prospect_assessment",
    number: "prospect_assessment_id",
    day: "assessed_on",
    sequence: ASSESSMENT_NUMBER,
};

const TIMELINE: TimelineQuery = TimelineQuery::Contact(
    "SELECT assessed_at AS happened_at, prospect_assessment_id AS place, assessed_on AS day, \
     'prospect_assessment' AS kind, source_id, external_id, NULL AS channel, \
     'prospects' AS contact_kind, NULL AS product, NULL AS category, 0 AS complaint, \
     NULL AS outcome, evidence AS note, NULL AS survey, score, assessor, expires_on \
     FROM prospect_assessment WHERE customer_id = $1 AND superseded_at IS NULL AND withdrawn = 0",
);

/// Assessments that count on the date:
///
/// | column | |
/// |---|---|
/// | `days_ago` | from the day of the assessment to the date |
/// | `place` | 1 for the latest of the customer, 2 for the one before … |
/// | `score` | 0 to 100, with four decimals |
const FACTS: FactTable = FactTable {
    name: "assessments",
    columns: &[
        FactColumn::new("days_ago", FactType::Integer),
        FactColumn::new("place", FactType::Integer),
        FactColumn::new("score", FactType::Amount),
    ],
    sorted_by: &[("days_ago", true)],
    sql: "SELECT a.customer_id, $1 - a.assessed_on AS days_ago, \
          CAST(ROW_NUMBER() OVER (PARTITION BY a.customer_id \
          ORDER BY a.assessed_on DESC, a.external_id DESC, a.source_id DESC) AS integer) AS place, \
          a.score FROM prospect_assessment a WHERE a.{customers} AND a.superseded_at IS NULL \
          AND a.withdrawn = 0 AND a.assessed_on <= $1 AND a.expires_on > $1 \
          ORDER BY a.customer_id, a.assessed_on, a.prospect_assessment_id",
};

/// An assessment that can be written.
#[derive(Debug, Clone)]
pub struct NewAssessment {
    /// The source's key of it.
    pub external_id: String,
    /// The source's key of the customer, which is created when it is not known yet.
    pub customer: String,
    /// The start of the day from which on it counts.
    pub assessed_at: DateTime<Utc>,
    /// The business date from which on it counts.
    pub assessed_on: NaiveDate,
    /// The business date from which on it counts no more.
    pub expires_on: NaiveDate,
    /// 0 to 100, in 1/10,000.
    pub score: i64,
    /// Who judged.
    pub assessor: String,
    /// What the judgement rests on.
    pub evidence: String,
    /// Whether it was recorded by mistake, and never counts.
    pub is_withdrawn: bool,
    /// A digest of all the above.
    pub digest: String,
    /// When its source last changed it, where the source says so.
    pub source_updated_at: Option<DateTime<Utc>>,
}

impl Versioned for NewAssessment {
    const PLACE: &'static Place = &PLACE;

    fn head(&self) -> Head<'_> {
        Head {
            external_id: &self.external_id,
            customer: &self.customer,
            day: self.assessed_on,
            digest: &self.digest,
            source_updated_at: self.source_updated_at,
        }
    }

    fn columns(assessments: &[&Self]) -> Columns {
        let texts = |value: fn(&Self) -> &String| {
            Column::Text(assessments.iter().map(|one| value(one).clone()).collect())
        };
        let i64s = |value: fn(&Self) -> i64| {
            Column::I64(assessments.iter().map(|one| value(one)).collect())
        };
        let i32s = |value: fn(&Self) -> i32| {
            Column::I32(assessments.iter().map(|one| value(one)).collect())
        };
        vec![
            ("assessed_at", i64s(|one| time::micros(one.assessed_at))),
            ("expires_on", i32s(|one| time::days(one.expires_on))),
            ("score", i64s(|one| one.score)),
            ("assessor", texts(|one| &one.assessor)),
            ("evidence", texts(|one| &one.evidence)),
            ("withdrawn", i32s(|one| i32::from(one.is_withdrawn))),
        ]
    }

    fn children(_: &[i64], _: &[&Self]) -> Vec<(&'static str, Columns)> {
        Vec::new()
    }
}
