//! Reading scores, true on a date as known at an instant: the spans that cover the date, by plain
//! conditions on ranges, each brought to the last day for which it was evaluated.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use kehu_core::scorecard::{Score, Scorer};
use kehu_core::{CustomerId, Reference};
use sea_orm::{ConnectionTrait, FromQueryResult, Statement, Value};

use super::View;
use super::codec::Codec;
use crate::definitions;
use crate::facts::CustomerSet;
use crate::history::{self, LastLooks, Sight, Subject, chosen};
use crate::scoring::scorecards::Version;
use crate::{Database, Error, Page, PageRequest, time};

/// What a [`ScoreRecord`] is made of.
const COLUMNS: &str = "customer_id, known_from, known_to, run_id, valid_from, grade, bins, inputs";
/// The day that never comes.
const NEVER: i32 = i32::MAX;

/// A score of the history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScoreRecord {
    /// Whose.
    pub customer: CustomerId,
    /// The version of the scorecard that gave it.
    pub version: Arc<Version>,
    /// The date it is true on: the last one, up to that which was asked for, for which it was
    /// evaluated.
    pub as_of: NaiveDate,
    /// The score on that date, and what it is made of.
    pub score: Score,
    /// When it was recorded.
    pub recorded_at: DateTime<Utc>,
    /// When another took its place; `None` while it stands.
    pub superseded_at: Option<DateTime<Utc>>,
    /// The run that computed it; `None` when it followed from a change.
    pub run_id: Option<i64>,
}

/// The customer's score under a scorecard; `None` when there is none.
pub async fn find(
    db: &Database,
    scorecard_id: &str,
    customer: CustomerId,
    view: View,
) -> Result<Option<ScoreRecord>, Error> {
    let sight = history::sight(db, Subject::Scores, scorecard_id, view).await?;
    let Some(sight) = sight else { return Ok(None) };
    // The text is the same for every customer, and is prepared once.
    let sql = format!(
        "SELECT {COLUMNS}, ({}) AS evaluated FROM score_span WHERE {} AND customer_id = $1",
        history::last_look(sight.segment.line_id, asked(&sight)),
        sight.condition
    );
    let backend = db.reader().get_database_backend();
    let statement = Statement::from_sql_and_values(backend, sql, [Value::from(customer.0)]);
    let Some(row) = db.reader().query_one_raw(statement).await? else { return Ok(None) };
    let evaluated: Option<i32> = row.try_get("", "evaluated")?;
    let ready = ready(db, &sight).await?;
    Ok(Some(Row::from_query_result(&row, "")?.record(&sight, &ready, evaluated)?))
}

/// The scores under a scorecard, by customer; the key of a page is the customer id.
pub async fn list(
    db: &Database,
    scorecard_id: &str,
    view: View,
    page: &PageRequest,
) -> Result<Page<ScoreRecord>, Error> {
    let sight = history::sight(db, Subject::Scores, scorecard_id, view).await?;
    let Some(sight) = sight else { return Ok(Page { items: Vec::new(), next: None }) };
    let after = page.after.map(|after| format!(" AND customer_id > {after}")).unwrap_or_default();
    let limit = format!("{after} ORDER BY customer_id LIMIT {}", page.fetch());
    let found = records(db, &sight, &limit).await?;
    Ok(Page::of(page, found, |record| record.customer.0))
}

/// The scores in view of the customers of a set, by customer.
pub async fn of_customers(
    db: &Database,
    scorecard_id: &str,
    view: View,
    customers: &CustomerSet,
) -> Result<Vec<ScoreRecord>, Error> {
    let sight = history::sight(db, Subject::Scores, scorecard_id, view).await?;
    let Some(sight) = sight else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for chosen in chosen(customers) {
        found.extend(records(db, &sight, &format!("{chosen} ORDER BY customer_id")).await?);
    }
    Ok(found)
}

/// The day up to which looks count (the last of all when none is named), and those known when.
fn asked(sight: &Sight) -> (i32, i64) {
    (sight.day.unwrap_or(NEVER), sight.known_at.unwrap_or(i64::MAX))
}

/// The scores in sight that the end of a condition chooses, in its order, which is by customer.
async fn records(db: &Database, sight: &Sight, chosen: &str) -> Result<Vec<ScoreRecord>, Error> {
    let sql = format!("SELECT {COLUMNS} FROM score_span WHERE {}{chosen}", sight.condition);
    let mut rows = Vec::new();
    for row in history::query(db.reader(), &sql).await? {
        rows.push(Row::from_query_result(&row, "")?);
    }
    let (Some(first), Some(last)) = (rows.first(), rows.last()) else { return Ok(Vec::new()) };
    let customers = (first.customer_id, last.customer_id);
    let line_id = sight.segment.line_id;
    let looks = LastLooks::read(db.reader(), line_id, asked(sight), customers).await?;
    let ready = ready(db, sight).await?;
    let mut records = Vec::with_capacity(rows.len());
    for row in rows {
        let evaluated = looks.of(row.customer_id);
        records.push(row.record(sight, &ready, evaluated)?);
    }
    Ok(records)
}

#[derive(FromQueryResult)]
struct Row {
    customer_id: i64,
    known_from: i64,
    known_to: Option<i64>,
    run_id: Option<i64>,
    valid_from: i32,
    grade: Option<String>,
    bins: String,
    inputs: String,
}

impl Row {
    /// The score on the last day for which it was evaluated.
    fn record(
        self,
        sight: &Sight,
        ready: &Ready,
        evaluated: Option<i32>,
    ) -> Result<ScoreRecord, Error> {
        let segment = &sight.segment;
        let as_of = evaluated.map_or(self.valid_from, |day| day.max(self.valid_from));
        let content = ready.codec.decode(&self.inputs, self.grade, self.bins, self.valid_from)?;
        let values = ready.codec.values(&content, as_of);
        Ok(ScoreRecord {
            customer: CustomerId(self.customer_id),
            version: Arc::clone(&ready.version),
            as_of: time::date(as_of)?,
            // Its grade is kept: the customer's place among equals need not be looked up.
            score: Score {
                grade: content.grade,
                ..ready.scorer.score(&Reference::default(), &values)
            },
            recorded_at: time::instant(self.known_from.max(segment.known))?,
            superseded_at: self.known_to.map(time::instant).transpose()?,
            run_id: self.run_id,
        })
    }
}

/// A published version, ready to score.
#[derive(Debug)]
pub(crate) struct Ready {
    version: Arc<Version>,
    scorer: Scorer,
    codec: Codec,
}

/// The version of the line in sight, which is read once and then kept in memory.
async fn ready(db: &Database, sight: &Sight) -> Result<Arc<Ready>, Error> {
    let version_id = sight.segment.version_id;
    if let Some(ready) = db.scorers.of(&[version_id]).0.remove(&version_id) {
        return Ok(ready);
    }
    let version: Version = definitions::by_number(db.reader(), version_id).await?;
    let (scorer, codec) = (scorer(&version)?, Codec::of(&version.definition));
    let ready = Ready { version: Arc::new(version), scorer, codec };
    Ok(db.scorers.keep(version_id, ready))
}

fn scorer(version: &Version) -> Result<Scorer, Error> {
    let corrupt = |what: &dyn std::fmt::Display| {
        let id = &version.definition.id;
        Error::Corrupt(format!(
            "version {} of scorecard {id} cannot score: {what}",
            version.version
        ))
    };
    let published = version.published.as_ref().ok_or_else(|| corrupt(&"it is a draft"))?;
    Scorer::new(&version.definition, &published.frozen.calibration).map_err(|error| corrupt(&error))
}
