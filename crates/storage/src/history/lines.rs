//! Lines, and which of them is in force on which days.

use std::collections::BTreeMap;

use sea_orm::{ConnectionTrait, QueryResult, Statement, Value};

use super::{Subject, Writer};
use crate::{Error, Transaction};

/// The days on which a line is in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// The line.
    pub line_id: i32,
    /// The number of its version, over all definitions.
    pub version_id: i64,
    /// The first day, in days since 1970-01-01.
    pub from: i32,
    /// The first day of the line that took over; not after `from` when none is left. `None` in
    /// the line in force now.
    pub to: Option<i32>,
    /// When that one took over, in microseconds since 1970.
    pub ended_known: Option<i64>,
    /// When the line first came in force, in microseconds since 1970.
    pub known: i64,
}

impl Segment {
    /// Whether the line is in force on the day.
    pub fn covers(&self, day: i32) -> bool {
        self.from <= day && self.to.is_none_or(|to| day < to)
    }
}

/// The first day of a line that is not in force any more, on no day.
pub(super) const NEVER: i32 = i32::MAX;

/// The lines of a definition in the order in which they came in force, as known at a time.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Timeline(Vec<Segment>);

impl Timeline {
    /// The line in force on a day.
    pub fn on(&self, day: i32) -> Option<&Segment> {
        self.0.iter().find(|segment| segment.covers(day))
    }

    /// The line in force now.
    pub fn last(&self) -> Option<&Segment> {
        self.0.last()
    }

    /// The line that was in force first of those of which days are left.
    pub fn first(&self) -> Option<&Segment> {
        self.0.iter().find(|segment| segment.to.is_none_or(|to| segment.from < to))
    }

    /// Every line that was ever in force, those of which no day is left, too.
    pub fn segments(&self) -> &[Segment] {
        &self.0
    }

    /// What they come to, in the order in which they became known.
    fn of(forces: Vec<Force>) -> Self {
        let mut lines: Vec<Segment> = Vec::new();
        for Force { line_id, version_id, from, known } in forces {
            if let Some(line) = lines.iter_mut().find(|line| line.line_id == line_id) {
                line.from = from;
                continue;
            }
            lines.push(Segment { line_id, version_id, from, to: None, ended_known: None, known });
        }
        let mut timeline = Self::default();
        for line in lines.into_iter().filter(|line| line.from != NEVER) {
            timeline.push(line);
        }
        timeline
    }

    /// A line comes in force from a day on; later days of those before it are its own.
    fn push(&mut self, next: Segment) {
        for before in &mut self.0 {
            if before.to.is_none_or(|to| next.from < to) {
                before.to = Some(next.from);
                before.ended_known.get_or_insert(next.known);
            }
        }
        self.0.push(next);
    }
}

/// The lines of a definition that are or were in force, as known at a time in microseconds since
/// 1970; now, when it is `None`.
pub async fn timeline(
    connection: &impl ConnectionTrait,
    subject: Subject,
    name: &str,
    known_at: Option<i64>,
) -> Result<Timeline, Error> {
    let sql = "SELECT f.line_id, l.version_id, f.from_day, f.known_from FROM history_force f \
               JOIN history_line l ON l.line_id = f.line_id WHERE l.subject = $1 AND l.name = $2 \
               AND f.known_from <= $3 ORDER BY f.known_from, f.line_id";
    let values: [Value; 3] =
        [subject.number().into(), name.into(), known_at.unwrap_or(i64::MAX).into()];
    let statement = Statement::from_sql_and_values(connection.get_database_backend(), sql, values);
    let mut forces = Vec::new();
    for row in connection.query_all_raw(statement).await? {
        forces.push(Force::read(&row)?);
    }
    Ok(Timeline::of(forces))
}

/// Those of every definition that has had a line in force, as known now, by name.
pub async fn timelines(
    connection: &impl ConnectionTrait,
    subject: Subject,
) -> Result<BTreeMap<String, Timeline>, Error> {
    let sql = format!(
        "SELECT f.line_id, l.version_id, f.from_day, f.known_from, l.name FROM history_force f \
         JOIN history_line l ON l.line_id = f.line_id WHERE l.subject = {} \
         ORDER BY f.known_from, f.line_id",
        subject.number()
    );
    let mut forces: BTreeMap<String, Vec<Force>> = BTreeMap::new();
    for row in super::query(connection, &sql).await? {
        forces.entry(row.try_get_by_index(4)?).or_default().push(Force::read(&row)?);
    }
    Ok(forces.into_iter().map(|(name, forces)| (name, Timeline::of(forces))).collect())
}

/// That a line came in force from a day on, or from another one than before.
struct Force {
    line_id: i32,
    version_id: i64,
    from: i32,
    known: i64,
}

impl Force {
    fn read(row: &QueryResult) -> Result<Self, Error> {
        Ok(Self {
            line_id: row.try_get_by_index(0)?,
            version_id: row.try_get_by_index(1)?,
            from: row.try_get_by_index(2)?,
            known: row.try_get_by_index(3)?,
        })
    }
}

/// Opens a line for a version, seen by nobody until it is [in force](turn). `run_id` is the run
/// that is to bring it in force.
pub async fn open(
    transaction: &Transaction,
    subject: Subject,
    name: &str,
    version_id: i64,
    run_id: Option<i64>,
) -> Result<i32, Error> {
    let sql = "INSERT INTO history_line (subject, name, version_id, run_id) \
               VALUES ($1, $2, $3, $4) RETURNING line_id";
    let values: [Value; 4] =
        [subject.number().into(), name.into(), version_id.into(), run_id.into()];
    let backend = transaction.get_database_backend();
    let statement = Statement::from_sql_and_values(backend, sql, values);
    let row = transaction.query_one_raw(statement).await?;
    let row = row.ok_or_else(|| Error::Corrupt("a line that was opened is gone".to_owned()))?;
    Ok(row.try_get_by_index(0)?)
}

/// Brings a line in force from a day on, or moves the first day of one that is to an earlier
/// one. `false`, and nothing done, when it is in force on the day, or a line of a newer version
/// is in force. The writer guards [`super::Guarded::Lines`].
pub async fn turn(
    writer: &mut Writer<'_>,
    subject: Subject,
    name: &str,
    line_id: i32,
    day: i32,
) -> Result<bool, Error> {
    let transaction = writer.transaction();
    let version = version(transaction, line_id).await?;
    let timeline = timeline(transaction, subject, name, None).await?;
    let held = timeline.segments().iter().find(|segment| segment.line_id == line_id);
    let due = match held {
        Some(segment) => day < segment.from,
        None => timeline.last().is_none_or(|last| last.version_id <= version),
    };
    if due {
        let sql = "INSERT INTO history_force (line_id, known_from, from_day) VALUES ($1, $2, $3)";
        let values: [Value; 3] = [line_id.into(), writer.step().into(), day.into()];
        let backend = transaction.get_database_backend();
        transaction.execute_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
    }
    Ok(due)
}

/// The names of the definitions that have lines, sorted.
pub async fn names(
    connection: &impl ConnectionTrait,
    subject: Subject,
) -> Result<Vec<String>, Error> {
    let sql = format!(
        "SELECT DISTINCT name FROM history_line WHERE subject = {} ORDER BY name",
        subject.number()
    );
    let rows = super::query(connection, &sql).await?;
    rows.iter().map(|row| Ok(row.try_get_by_index(0)?)).collect()
}

async fn version(transaction: &Transaction, line_id: i32) -> Result<i64, Error> {
    let sql = format!("SELECT version_id FROM history_line WHERE line_id = {line_id}");
    let rows = super::query(transaction, &sql).await?;
    let row = rows.first().ok_or_else(|| Error::not_found("line", line_id))?;
    Ok(row.try_get_by_index(0)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timeline(starts: &[i32]) -> Timeline {
        let mut timeline = Timeline::default();
        for (line_id, from) in (1..).zip(starts.iter().copied()) {
            let version_id = line_id.into();
            let known = version_id * 10;
            timeline.push(Segment {
                line_id,
                version_id,
                from,
                to: None,
                ended_known: None,
                known,
            });
        }
        timeline
    }

    #[test]
    fn a_line_takes_the_days_from_its_first_on() {
        for (starts, expected) in [
            (vec![], vec![]),
            (vec![10], vec![(10, 1), (99, 1)]),
            (vec![10, 20], vec![(10, 1), (19, 1), (20, 2)]),
            (vec![10, 20, 15], vec![(14, 1), (15, 3), (20, 3)]),
            (vec![10, 20, 5], vec![(5, 3), (10, 3), (20, 3)]),
        ] {
            let timeline = timeline(&starts);
            assert_eq!(timeline.on(4), None);
            for (day, line) in expected {
                assert_eq!(timeline.on(day).map(|found| found.line_id), Some(line), "{starts:?}");
            }
        }
        let ended = &timeline(&[10, 20, 15]).0[1];
        assert_eq!((ended.from, ended.to, ended.ended_known), (20, Some(15), Some(30)));
    }
}
