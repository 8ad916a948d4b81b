//! Answers to surveys: how satisfied a customer is, and what it says.

use chrono::{DateTime, NaiveDate, Utc};

use super::{Kind, Measured, TimelineQuery};
use crate::bulk::Column;
use crate::facts::{FactColumn, FactTable, FactType};
use crate::ingestion::versions::{Columns, Head, Place, Versioned};
use crate::time;

/// The sequence of the numbers of versions of answers.
pub(crate) const SURVEY_NUMBER: &str = "survey_answer_number";

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
    from: "survey_answer r",
    fields: &[
        ("survey", "r.survey"),
        ("score", "r.score"),
        ("channel", "r.channel"),
        ("product_code", "r.product"),
        ("category", "r.category"),
        ("comment", "r.comment"),
    ],
    alike: Some((
        "r.answered_at",
        "r.survey, r.measure, r.score, r.product, r.category, r.comment, r.withdrawn",
    )),
};

static PLACE: Place = Place {
    kind: "survey_answer",
    table: "survey_answer",
    number: "survey_answer_id",
    day: "answered_on",
    sequence: SURVEY_NUMBER,
};

const TIMELINE: TimelineQuery = TimelineQuery::Contact(
    "SELECT answered_at AS happened_at, survey_answer_id AS place, answered_on AS day, \
     'survey_answer' AS kind, source_id, external_id, channel, measure AS contact_kind, product, \
     category, 0 AS complaint, NULL AS outcome, comment AS note, survey, score, \
     NULL AS assessor, CAST(NULL AS integer) AS expires_on \
     FROM survey_answer WHERE customer_id = $1 AND superseded_at IS NULL AND withdrawn = 0",
);

/// Answers up to the date that were not withdrawn:
///
/// | column | |
/// |---|---|
/// | `days_ago` | from the day of the answer to the date |
/// | `place` | 1 for the customer's latest answer of its measure, 2 for the one before … |
/// | `measure` | `csat`, `nps`, `ces` or `comment` |
/// | `score` | as it was given, with four decimals; null without one |
/// | `points` | the score between the worst, 0, and the best, 100; null without one |
/// | `commented` | 1 with words, otherwise 0 |
const FACTS: FactTable = FactTable {
    name: "surveys",
    columns: &[
        FactColumn::new("days_ago", FactType::Integer),
        FactColumn::new("place", FactType::Integer),
        FactColumn::new("measure", FactType::Text),
        FactColumn::nullable("score", FactType::Amount),
        FactColumn::nullable("points", FactType::Amount),
        FactColumn::new("commented", FactType::Integer),
    ],
    sorted_by: &[("days_ago", true)],
    sql: "SELECT s.customer_id, $1 - s.answered_on AS days_ago, \
          CAST(ROW_NUMBER() OVER (PARTITION BY s.customer_id, s.measure \
          ORDER BY s.answered_at DESC, s.external_id DESC, s.source_id DESC) AS integer) AS place, \
          s.measure, s.score, s.points, \
          CASE WHEN s.comment IS NULL THEN 0 ELSE 1 END AS commented \
          FROM survey_answer s WHERE s.{customers} AND s.superseded_at IS NULL \
          AND s.withdrawn = 0 AND s.answered_on <= $1 \
          ORDER BY s.customer_id, s.answered_on, s.survey_answer_id",
};

/// What an answer measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Measure {
    /// Satisfaction.
    Csat,
    /// Willingness to recommend, 0 to 10 (net promoter score).
    Nps,
    /// How easy it was.
    Ces,
    /// Nothing: it is words alone.
    Comment,
}

impl Measure {
    /// Its name in the table and for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Csat => "csat",
            Self::Nps => "nps",
            Self::Ces => "ces",
            Self::Comment => "comment",
        }
    }
}

/// An answer that can be written.
#[derive(Debug, Clone)]
pub struct NewSurveyAnswer {
    /// The source's key of it.
    pub external_id: String,
    /// The source's key of the customer, which is created when it is not known yet.
    pub customer: String,
    /// The survey, or the wave of it, in the source's words.
    pub survey: Option<String>,
    /// What it measures.
    pub measure: Measure,
    /// When it was given.
    pub answered_at: DateTime<Utc>,
    /// Its business date.
    pub answered_on: NaiveDate,
    /// The score as it was given, 1/10,000.
    pub score: Option<i64>,
    /// The score between the worst of its scale, 0, and the best, 100, in 1/10,000.
    pub points: Option<i64>,
    /// The channel in the source's words.
    pub channel: Option<String>,
    /// The code of the product that it is about.
    pub product: Option<String>,
    /// The category that it is about.
    pub category: Option<String>,
    /// What the customer wrote.
    pub comment: Option<String>,
    /// Whether it was recorded by mistake, and never counts.
    pub is_withdrawn: bool,
    /// A digest of all the above.
    pub digest: String,
    /// When its source last changed it, where the source says so.
    pub source_updated_at: Option<DateTime<Utc>>,
}

impl Versioned for NewSurveyAnswer {
    const PLACE: &'static Place = &PLACE;

    fn head(&self) -> Head<'_> {
        Head {
            external_id: &self.external_id,
            customer: &self.customer,
            day: self.answered_on,
            digest: &self.digest,
            source_updated_at: self.source_updated_at,
        }
    }

    fn columns(answers: &[&Self]) -> Columns {
        let texts = |value: fn(&Self) -> &Option<String>| {
            Column::OptText(answers.iter().map(|answer| value(answer).clone()).collect())
        };
        let measures = answers.iter().map(|answer| answer.measure.name().to_owned());
        let times = answers.iter().map(|answer| time::micros(answer.answered_at));
        let withdrawn = answers.iter().map(|answer| i32::from(answer.is_withdrawn));
        vec![
            ("survey", texts(|answer| &answer.survey)),
            ("measure", Column::Text(measures.collect())),
            ("answered_at", Column::I64(times.collect())),
            ("score", Column::OptI64(answers.iter().map(|answer| answer.score).collect())),
            ("points", Column::OptI64(answers.iter().map(|answer| answer.points).collect())),
            ("channel", texts(|answer| &answer.channel)),
            ("product", texts(|answer| &answer.product)),
            ("category", texts(|answer| &answer.category)),
            ("comment", texts(|answer| &answer.comment)),
            ("withdrawn", Column::I32(withdrawn.collect())),
        ]
    }

    fn children(_: &[i64], _: &[&Self]) -> Vec<(&'static str, Columns)> {
        Vec::new()
    }
}
