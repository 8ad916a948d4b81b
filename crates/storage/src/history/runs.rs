//! Which lines runs write, and which days follow from a change.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use kehu_core::CustomerId;
use sea_orm::ConnectionTrait;

use super::{
    EVERYBODY, Guarded, Looked, Place, Segment, Subject, Writer, evaluated_through, execute,
    looked, open, pass, query, timeline, turn,
};
use crate::change_log::Position;
use crate::run::RunState;
use crate::{Database, Error, Transaction, time};

/// A line, as runs and followers write it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Its number.
    pub line_id: i32,
    /// The id of its definition.
    pub name: String,
    /// The number of its version, over all definitions.
    pub version_id: i64,
}

/// The lines that a run as of a day writes, by name: those it was given before, otherwise one for
/// each of `versions`, the names and numbers of the newest. Where the newest is in force already,
/// it is the line in force on the day; where it is not, the run is given a line that nobody sees
/// before it is complete.
pub(crate) async fn pin(
    db: &Database,
    subject: Subject,
    (run_id, as_of): (i64, NaiveDate),
    versions: &[(&str, i64)],
) -> Result<Vec<Line>, Error> {
    let transaction = db.begin().await?;
    Writer::begin(&transaction, subject, Guarded::Lines, 1).await?;
    let mut pinned = lines(&transaction, run_id).await?;
    if pinned.is_empty() && !versions.is_empty() {
        forget_gone(&transaction).await?;
        for (name, version_id) in versions {
            let line = line_for(&transaction, subject, (run_id, as_of), name, *version_id).await?;
            let line_id = line.line_id;
            let sql =
                format!("INSERT INTO history_run (run_id, line_id) VALUES ({run_id}, {line_id})");
            execute(&transaction, &sql).await?;
            pinned.push(line);
        }
    }
    transaction.commit().await?;
    Ok(pinned)
}

/// The lines that a run writes, or has written, by name.
pub(crate) async fn lines(
    connection: &impl ConnectionTrait,
    run_id: i64,
) -> Result<Vec<Line>, Error> {
    let sql = format!(
        "SELECT l.line_id, l.name, l.version_id FROM history_run r JOIN history_line l ON \
         l.line_id = r.line_id WHERE r.run_id = {run_id} ORDER BY l.name"
    );
    query(connection, &sql).await?.iter().map(line).collect()
}

/// The lines that runs under way write, with the days: whatever changes meanwhile must be
/// evaluated for those days, too.
pub(crate) async fn under_way(
    connection: &impl ConnectionTrait,
    subject: Subject,
) -> Result<Vec<(Line, NaiveDate)>, Error> {
    let [queued, running] = unfinished();
    let sql = format!(
        "SELECT l.line_id, l.name, l.version_id, n.as_of FROM history_run r JOIN history_line l \
         ON l.line_id = r.line_id JOIN run n ON n.run_id = r.run_id WHERE l.subject = {} AND \
         n.state IN ({queued}, {running}) AND n.as_of IS NOT NULL ORDER BY r.run_id, l.name",
        subject.number()
    );
    let mut found = Vec::new();
    for row in query(connection, &sql).await? {
        found.push((line(&row)?, time::date(row.try_get_by_index(3)?)?));
    }
    Ok(found)
}

fn line(row: &sea_orm::QueryResult) -> Result<Line, Error> {
    Ok(Line {
        line_id: row.try_get_by_index(0)?,
        name: row.try_get_by_index(1)?,
        version_id: row.try_get_by_index(2)?,
    })
}

fn unfinished() -> [i32; 2] {
    [RunState::Queued, RunState::Running].map(RunState::number)
}

/// Which line a run wrote is asked by nobody once the run is forgotten.
async fn forget_gone(transaction: &Transaction) -> Result<(), Error> {
    let sql = "DELETE FROM history_run WHERE run_id NOT IN (SELECT run_id FROM run)";
    execute(transaction, sql).await?;
    Ok(())
}

/// The line that a run as of a day writes for a definition whose newest version is `version_id`.
async fn line_for(
    transaction: &Transaction,
    subject: Subject,
    (run_id, as_of): (i64, NaiveDate),
    name: &str,
    version_id: i64,
) -> Result<Line, Error> {
    let timeline = timeline(transaction, subject, name, None).await?;
    let line = |line_id, version_id| Line { line_id, name: name.to_owned(), version_id };
    if timeline.last().is_some_and(|last| last.version_id >= version_id) {
        let segment = timeline.on(time::days(as_of)).or(timeline.first());
        let segment = segment.ok_or_else(|| Error::not_found("line of", name))?;
        return Ok(line(segment.line_id, segment.version_id));
    }
    // Another run may be about to bring the same version in force: they work on one line.
    for (other, _) in under_way(transaction, subject).await? {
        if other.version_id == version_id {
            return Ok(other);
        }
    }
    let line_id = open(transaction, subject, name, version_id, Some(run_id)).await?;
    Ok(line(line_id, version_id))
}

/// Ends a run through everybody: the day counts as evaluated for all customers, and the line
/// comes in force from that day on if it was not. Returns whose spans come to be seen with that,
/// ascending, empty when the line was in force on the day before.
pub(crate) async fn complete(
    transaction: &Transaction,
    subject: Subject,
    place: Place,
    (name, line_id): (&str, i32),
    day: i32,
) -> Result<Vec<CustomerId>, Error> {
    let mut writer = Writer::begin(transaction, subject, Guarded::Lines, 2).await?;
    // What each part of it has seen stands with the part.
    let looked = Looked { line_id, day, position: Position::START, known: writer.step() };
    pass(transaction, looked, EVERYBODY.0, EVERYBODY.1).await?;
    if !turn(&mut writer, subject, name, line_id, day).await? {
        return Ok(Vec::new());
    }
    standing(transaction, place, line_id).await
}

/// Who has a span on a line, ascending.
pub(super) async fn standing(
    connection: &impl ConnectionTrait,
    place: Place,
    line_id: i32,
) -> Result<Vec<CustomerId>, Error> {
    let sql = format!(
        "SELECT DISTINCT customer_id FROM {} WHERE line_id = {line_id} AND known_to IS NULL \
         ORDER BY customer_id",
        place.table
    );
    let mut customers = Vec::new();
    for row in query(connection, &sql).await? {
        customers.push(CustomerId(row.try_get_by_index(0)?));
    }
    Ok(customers)
}

/// Whether what is written on a line for a day is seen at once.
pub(crate) async fn is_seen(
    connection: &impl ConnectionTrait,
    subject: Subject,
    (name, line_id): (&str, i32),
    day: i32,
) -> Result<bool, Error> {
    let timeline = timeline(connection, subject, name, None).await?;
    let mut segments = timeline.segments().iter();
    Ok(segments.any(|seen| seen.line_id == line_id && seen.from <= day))
}

/// The last day for which everybody was evaluated under the definition's line in force, and since
/// when any of its lines is; `None` before the first.
pub async fn through(
    connection: &impl ConnectionTrait,
    subject: Subject,
    name: &str,
) -> Result<Option<(NaiveDate, chrono::DateTime<chrono::Utc>)>, Error> {
    let timeline = timeline(connection, subject, name, None).await?;
    let (Some(first), Some(last)) = (timeline.segments().first(), timeline.last()) else {
        return Ok(None);
    };
    let through = evaluated_through(connection, last.line_id, None, None).await?;
    let Some(through) = through else { return Ok(None) };
    Ok(Some((time::date(through)?, time::instant(first.known)?)))
}

/// What changed.
#[derive(Debug, Clone, Copy)]
pub struct Changed<'a> {
    /// The customers concerned, ascending.
    pub customers: &'a [i64],
    /// The earliest day that it concerns, in days since 1970-01-01.
    pub first: i32,
    /// The day it is to be evaluated for in any case.
    pub as_of: i32,
}

/// The days for which a line has to be evaluated again, and for whom: those evaluated before,
/// those of the runs under way that write it, and on the line in force now, or about to be, the
/// day of the change or the one that everybody has been evaluated for already, whichever is
/// later. `segment` says when the line is in force, if it is.
pub async fn due(
    connection: &impl ConnectionTrait,
    line_id: i32,
    segment: Option<&Segment>,
    runs: BTreeSet<i32>,
    changed: Changed<'_>,
) -> Result<BTreeMap<i32, BTreeSet<i64>>, Error> {
    let Changed { customers, first, as_of } = changed;
    let from = segment.map_or(first, |segment| segment.from.max(first));
    let mut days = looked(connection, line_id, from, customers).await?.of(customers);
    if let Some(to) = segment.and_then(|segment| segment.to) {
        days.retain(|day, _| *day < to);
        return Ok(days);
    }
    let through = evaluated_through(connection, line_id, None, None).await?;
    // Before it is in force its days are those of the runs.
    let through = if segment.is_some() { through } else { runs.last().copied() };
    let latest = through.map_or(as_of, |day| day.max(as_of));
    let mut all: BTreeSet<i32> = runs;
    all.retain(|day| *day >= first || segment.is_none());
    all.insert(latest);
    for day in all {
        days.entry(day).or_default().extend(customers.iter().copied());
    }
    Ok(days)
}
