//! Interactions: calls, visits, page views and whatever else a source calls them.

use chrono::{DateTime, NaiveDate, Utc};

use super::{Kind, Measured, TimelineQuery};
use crate::bulk::Column;
use crate::facts::{FactColumn, FactTable, FactType};
use crate::ingestion::versions::{Columns, Head, Place, Versioned};
use crate::time;

/// The sequence of the numbers of versions of interactions.
pub(crate) const INTERACTION_NUMBER: &str = "interaction_number";

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
    from: "interaction r",
    fields: &[
        ("channel", "r.channel"),
        ("direction", "r.direction"),
        ("product_code", "r.product"),
        ("category", "r.category"),
        ("outcome", "r.outcome"),
    ],
    alike: Some(("r.occurred_at", "r.kind, r.channel, r.direction, r.product, r.withdrawn")),
};

static PLACE: Place = Place {
    kind: "interaction",
    table: "interaction",
    number: "interaction_id",
    day: "occurred_on",
    sequence: INTERACTION_NUMBER,
};

const TIMELINE: TimelineQuery = TimelineQuery::Contact(
    "SELECT occurred_at AS happened_at, interaction_id AS place, occurred_on AS day, \
     'interaction' AS kind, source_id, external_id, channel, kind AS contact_kind, product, \
     category, complaint, outcome, note, NULL AS survey, CAST(NULL AS bigint) AS score, \
     NULL AS assessor, CAST(NULL AS integer) AS expires_on \
     FROM interaction WHERE customer_id = $1 AND superseded_at IS NULL AND withdrawn = 0",
);

/// Interactions up to the date that were not withdrawn:
///
/// | column | |
/// |---|---|
/// | `days_ago` | from the day of the interaction to the date |
/// | `kind` | what it was: `call`, `page_view` … |
/// | `channel` | the channel in the source's words; may be null |
/// | `product` | the code of the product that it was about; may be null |
/// | `category` | the category that it was about; may be null |
/// | `complaint` | 1 when the customer complained, otherwise 0 |
const FACTS: FactTable = FactTable {
    name: "interactions",
    columns: &[
        FactColumn::new("days_ago", FactType::Integer),
        FactColumn::new("kind", FactType::Text),
        FactColumn::nullable("channel", FactType::Text),
        FactColumn::nullable("product", FactType::Text),
        FactColumn::nullable("category", FactType::Text),
        FactColumn::new("complaint", FactType::Integer),
    ],
    sorted_by: &[("days_ago", true)],
    sql: "SELECT i.customer_id, $1 - i.occurred_on AS days_ago, i.kind, i.channel, i.product, \
          i.category, i.complaint \
          FROM interaction i WHERE i.{customers} AND i.superseded_at IS NULL AND i.withdrawn = 0 \
          AND i.occurred_on <= $1 ORDER BY i.customer_id, i.occurred_on, i.interaction_id",
};

/// Who turned to whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// The customer to the enterprise.
    Inbound,
    /// The enterprise to the customer.
    Outbound,
}

impl Direction {
    /// Its number in the table.
    pub fn number(self) -> i32 {
        match self {
            Self::Inbound => 1,
            Self::Outbound => 2,
        }
    }
}

/// An interaction that can be written.
#[derive(Debug, Clone)]
pub struct NewInteraction {
    /// The source's key of it.
    pub external_id: String,
    /// The source's key of the customer, which is created when it is not known yet.
    pub customer: String,
    /// What it was.
    pub kind: String,
    /// When it began.
    pub occurred_at: DateTime<Utc>,
    /// Its business date.
    pub occurred_on: NaiveDate,
    /// The channel in the source's words.
    pub channel: Option<String>,
    /// Who turned to whom, where it is known.
    pub direction: Option<Direction>,
    /// How many seconds it took, where it is known.
    pub duration_seconds: Option<i32>,
    /// The code of the product that it was about.
    pub product: Option<String>,
    /// The category that it was about.
    pub category: Option<String>,
    /// Whether the customer complained.
    pub is_complaint: bool,
    /// What came of it.
    pub outcome: Option<String>,
    /// What was said, in free words.
    pub note: Option<String>,
    /// Whether it was recorded by mistake, and never counts.
    pub is_withdrawn: bool,
    /// A digest of all the above.
    pub digest: String,
    /// When its source last changed it, where the source says so.
    pub source_updated_at: Option<DateTime<Utc>>,
}

impl Versioned for NewInteraction {
    const PLACE: &'static Place = &PLACE;

    fn head(&self) -> Head<'_> {
        Head {
            external_id: &self.external_id,
            customer: &self.customer,
            day: self.occurred_on,
            digest: &self.digest,
            source_updated_at: self.source_updated_at,
        }
    }

    fn columns(interactions: &[&Self]) -> Columns {
        let texts = |value: fn(&Self) -> &Option<String>| {
            Column::OptText(interactions.iter().map(|given| value(given).clone()).collect())
        };
        let flags = |value: fn(&Self) -> bool| {
            Column::I32(interactions.iter().map(|given| i32::from(value(given))).collect())
        };
        let kinds = interactions.iter().map(|given| given.kind.clone());
        let times = interactions.iter().map(|given| time::micros(given.occurred_at));
        let directions = interactions.iter().map(|given| given.direction.map(Direction::number));
        let durations = interactions.iter().map(|given| given.duration_seconds);
        vec![
            ("kind", Column::Text(kinds.collect())),
            ("occurred_at", Column::I64(times.collect())),
            ("channel", texts(|given| &given.channel)),
            ("direction", Column::OptI32(directions.collect())),
            ("duration_seconds", Column::OptI32(durations.collect())),
            ("product", texts(|given| &given.product)),
            ("category", texts(|given| &given.category)),
            ("complaint", flags(|given| given.is_complaint)),
            ("outcome", texts(|given| &given.outcome)),
            ("note", texts(|given| &given.note)),
            ("withdrawn", flags(|given| given.is_withdrawn)),
        ]
    }

    fn children(_: &[i64], _: &[&Self]) -> Vec<(&'static str, Columns)> {
        Vec::new()
    }
}
