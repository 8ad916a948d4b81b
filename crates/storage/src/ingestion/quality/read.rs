//! Reading what was measured.

use chrono::{DateTime, NaiveDate, Utc};
use kehu_core::quality::Counts;
use sea_orm::{ConnectionTrait, QueryResult, Statement, Value};

use super::super::sources::{self, Names};
use super::{ALL_SOURCES, Key, Line, Point};
use crate::{Database, Error, time};

/// A measurement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measurement {
    /// The business date that it is of.
    pub measured_on: NaiveDate,
    /// The run that counted.
    pub run_id: i64,
    /// When it ended.
    pub measured_at: DateTime<Utc>,
}

/// Which lines of a measurement are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineFilter {
    /// Every field of the records of a source.
    Source(i64),
    /// The records as a whole, of each source; those with the most records first.
    Records,
}

const COUNTS: &str = "held, expected, present, missing, invalid, repeated, recent, latest_at";

/// The latest measurement of a business date or one before it.
pub async fn measurement_on(db: &Database, date: NaiveDate) -> Result<Option<Measurement>, Error> {
    let sql = "SELECT measured_on, run_id, measured_at FROM quality_measurement \
               WHERE measured_on <= $1 ORDER BY measured_on DESC LIMIT 1";
    let rows = query(db, sql.to_owned(), vec![time::days(date).into()]).await?;
    rows.first().map(measurement).transpose()
}

/// The measurement of the latest day, whatever day that is.
pub async fn last_measured(db: &Database) -> Result<Option<Measurement>, Error> {
    let sql = "SELECT measured_on, run_id, measured_at FROM quality_measurement \
               ORDER BY measured_on DESC LIMIT 1";
    let rows = query(db, sql.to_owned(), Vec::new()).await?;
    rows.first().map(measurement).transpose()
}

fn measurement(row: &QueryResult) -> Result<Measurement, Error> {
    Ok(Measurement {
        measured_on: time::date(row.try_get("", "measured_on")?)?,
        run_id: row.try_get("", "run_id")?,
        measured_at: time::instant(row.try_get("", "measured_at")?)?,
    })
}

/// The number of a source; `None` when nothing came from it yet.
pub async fn source_number(db: &Database, name: &str) -> Result<Option<i64>, Error> {
    sources::find(db.reader(), name).await
}

/// So many lines of the measurement of a day at most, by kind and field.
pub async fn day_lines(
    db: &Database,
    day: NaiveDate,
    filter: LineFilter,
    most: u64,
) -> Result<Vec<Line>, Error> {
    let (condition, number, order) = match filter {
        LineFilter::Source(id) => ("source_id = $2", id, "record_kind, field"),
        LineFilter::Records => {
            ("source_id <> $2 AND field = ''", ALL_SOURCES, "held DESC, record_kind, source_id")
        }
    };
    let sql = format!(
        "SELECT record_kind, source_id, field, {COUNTS} FROM quality_line \
         WHERE measured_on = $1 AND {condition} ORDER BY {order} LIMIT {most}"
    );
    let rows = query(db, sql, vec![time::days(day).into(), number.into()]).await?;
    let names = Names::load(db.reader()).await?;
    let mut lines = Vec::with_capacity(rows.len());
    for row in &rows {
        let source_id: i64 = row.try_get("", "source_id")?;
        lines.push(Line {
            key: Key {
                kind: row.try_get("", "record_kind")?,
                source_id,
                field: row.try_get("", "field")?,
            },
            source: if source_id == ALL_SOURCES { String::new() } else { names.get(source_id)? },
            counts: counts(row)?,
        });
    }
    Ok(lines)
}

/// What was measured of records as a whole on the days from `first` to `last`, of one source or all.
pub async fn trend(
    db: &Database,
    source_id: i64,
    (first, last): (NaiveDate, NaiveDate),
) -> Result<Vec<Point>, Error> {
    let sql = format!(
        "SELECT measured_on, record_kind, {COUNTS} FROM quality_line WHERE measured_on >= $1 \
         AND measured_on <= $2 AND source_id = $3 AND field = '' ORDER BY measured_on, record_kind"
    );
    let values = vec![time::days(first).into(), time::days(last).into(), source_id.into()];
    let point = |row: &QueryResult| {
        Ok(Point {
            measured_on: time::date(row.try_get("", "measured_on")?)?,
            kind: row.try_get("", "record_kind")?,
            counts: counts(row)?,
        })
    };
    query(db, sql, values).await?.iter().map(point).collect()
}

fn counts(row: &QueryResult) -> Result<Counts, Error> {
    Ok(Counts {
        held: row.try_get("", "held")?,
        expected: row.try_get("", "expected")?,
        present: row.try_get("", "present")?,
        missing: row.try_get("", "missing")?,
        invalid: row.try_get("", "invalid")?,
        repeated: row.try_get("", "repeated")?,
        recent: row.try_get("", "recent")?,
        latest_at: row.try_get("", "latest_at")?,
    })
}

async fn query(db: &Database, sql: String, values: Vec<Value>) -> Result<Vec<QueryResult>, Error> {
    let backend = db.reader().get_database_backend();
    let statement = Statement::from_sql_and_values(backend, sql, values);
    Ok(db.reader().query_all_raw(statement).await?)
}
