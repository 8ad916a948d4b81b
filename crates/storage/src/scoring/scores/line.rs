//! The lines of scorecards: which there are, which of them runs write, and how one comes in force.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, Utc};
use kehu_core::CustomerId;
use sea_orm::ConnectionTrait;

use super::record::PLACE;
use crate::definitions::{self, pins};
use crate::history::{self, Line, Retraction, Subject, TakenBack, Timeline};
use crate::scoring::scorecards::Version;
use crate::{Database, Error, Transaction, run, time};

/// A line of a scorecard, ready to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScoreLine {
    /// Its number.
    pub line_id: i32,
    /// The version that scores on it.
    pub version: Version,
}

impl ScoreLine {
    /// Opens a line for a version; nobody sees it until it is in force.
    pub async fn open(
        transaction: &Transaction,
        version: &Version,
        run_id: Option<i64>,
    ) -> Result<Self, Error> {
        let (id, version_id) = (version.definition.id.as_str(), version.version_id);
        let line_id = history::open(transaction, Subject::Scores, id, version_id, run_id).await?;
        Ok(Self { line_id, version: version.clone() })
    }

    /// A line that was opened before.
    pub async fn load(
        connection: &impl ConnectionTrait,
        line_id: i32,
        version_id: i64,
    ) -> Result<Self, Error> {
        Ok(Self { line_id, version: definitions::by_number(connection, version_id).await? })
    }

    fn named(&self) -> (&str, i32) {
        (&self.version.definition.id, self.line_id)
    }
}

/// The lines that a run as of a day writes, by scorecard: those it was given before, otherwise
/// lines of `versions`, the newest of their scorecards. Where the newest is in force already, it
/// is the one in force on the day; where it is not, the run is given a line that nobody sees
/// before it is complete.
pub async fn pin(
    db: &Database,
    run_id: i64,
    as_of: NaiveDate,
    versions: &[Version],
) -> Result<Vec<ScoreLine>, Error> {
    let newest: Vec<_> = versions
        .iter()
        .map(|version| (version.definition.id.as_str(), version.version_id))
        .collect();
    let mut lines = Vec::new();
    for line in history::pin(db, Subject::Scores, (run_id, as_of), &newest).await? {
        lines.push(load(db.reader(), &line).await?);
    }
    let pins: Vec<_> = lines.iter().map(|line| pins::of(&line.version)).collect();
    run::pin(db, run_id, &pins).await?;
    Ok(lines)
}

/// The lines that a run under way writes, by scorecard.
pub async fn lines(
    connection: &impl ConnectionTrait,
    run_id: i64,
) -> Result<Vec<ScoreLine>, Error> {
    let mut lines = Vec::new();
    for line in history::lines(connection, run_id).await? {
        lines.push(load(connection, &line).await?);
    }
    Ok(lines)
}

/// The lines that runs are about to write for everybody, with the days: whatever changes meanwhile
/// must be evaluated for those days, too.
pub async fn runs_under_way(db: &Database) -> Result<Vec<(ScoreLine, NaiveDate)>, Error> {
    let mut found = Vec::new();
    for (line, as_of) in history::under_way(db.reader(), Subject::Scores).await? {
        found.push((load(db.reader(), &line).await?, as_of));
    }
    Ok(found)
}

async fn load(connection: &impl ConnectionTrait, line: &Line) -> Result<ScoreLine, Error> {
    ScoreLine::load(connection, line.line_id, line.version_id).await
}

/// The lines of a scorecard that are or were in force, as known now.
pub async fn in_force(
    connection: &impl ConnectionTrait,
    scorecard_id: &str,
) -> Result<Timeline, Error> {
    history::timeline(connection, Subject::Scores, scorecard_id, None).await
}

/// Whether what is written on a line for a day is seen at once.
pub async fn is_seen(
    connection: &impl ConnectionTrait,
    line: &ScoreLine,
    day: NaiveDate,
) -> Result<bool, Error> {
    history::is_seen(connection, Subject::Scores, line.named(), time::days(day)).await
}

/// Ends a run through everybody: the day counts as evaluated for all customers, and the line
/// comes in force from that day on if it was not. Returns whose scores come to be seen with
/// that, ascending, empty when the line was in force on the day before.
pub async fn complete(
    transaction: &Transaction,
    line: &ScoreLine,
    day: NaiveDate,
) -> Result<Vec<CustomerId>, Error> {
    let day = time::days(day);
    history::complete(transaction, Subject::Scores, PLACE, line.named(), day).await
}

/// What the begin of a retraction of scores comes to.
#[derive(Debug, Default)]
pub struct Begun {
    /// The days to take back, with their lines.
    pub taken: Vec<(ScoreLine, NaiveDate)>,
    /// Whose scores of another version come to be seen with that.
    pub seen: BTreeSet<CustomerId>,
}

/// Takes the day of a run from the lines that it wrote, see [`Retraction`].
pub async fn begin_retraction(
    transaction: &Transaction,
    retraction: Retraction,
) -> Result<Begun, Error> {
    let begun = history::begin_retraction(transaction, Subject::Scores, PLACE, retraction).await?;
    let mut taken = Vec::new();
    for TakenBack { line, day } in begun.taken {
        taken.push((load(transaction, &line).await?, time::date(day)?));
    }
    Ok(Begun { taken, seen: begun.seen.into_values().flatten().collect() })
}

/// The last day for which everybody was evaluated under a scorecard, and since when anybody is;
/// `None` before the first.
pub async fn through(
    db: &Database,
    scorecard_id: &str,
) -> Result<Option<(NaiveDate, DateTime<Utc>)>, Error> {
    history::through(db.reader(), Subject::Scores, scorecard_id).await
}
