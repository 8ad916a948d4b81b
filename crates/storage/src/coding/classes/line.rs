//! The lines of taxonomies: which there are, how their classes are numbered, and how one comes
//! in force.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use kehu_core::CustomerId;
use sea_orm::{ConnectionTrait, Statement, Value};

use super::super::taxonomies::TaxonomyVersion;
use crate::history::{self, Line, Place, Retraction, Subject, TakenBack, Timeline};
use crate::{Database, Error, Transaction, time};

/// What stands for the class of customers whom a taxonomy leaves out: no class has this id.
pub const LEFT_OUT: &str = "";
/// Its number in every taxonomy; those of classes begin with 1.
pub(in super::super) const LEFT_OUT_NUMBER: i32 = 0;
/// Where stays are.
pub(super) const PLACE: Place = Place { table: "class_span" };

/// A line of a taxonomy, ready to be written: the numbers of its classes are known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassLine {
    /// Its number.
    pub line_id: i32,
    /// The id of the taxonomy.
    pub taxonomy: String,
    /// The number of the version, over all taxonomies.
    pub version_id: i64,
    classes: BTreeMap<String, i32>,
}

impl ClassLine {
    /// Opens a line for a version; nobody sees it until it is in force.
    pub async fn open(
        transaction: &Transaction,
        version: &TaxonomyVersion,
        run_id: Option<i64>,
    ) -> Result<Self, Error> {
        number(transaction, version).await?;
        let (taxonomy, subject) = (version.definition.id.as_str(), Subject::Classes);
        let line_id =
            history::open(transaction, subject, taxonomy, version.version_id, run_id).await?;
        Self::load(transaction, taxonomy, line_id, version.version_id).await
    }

    /// A line that was opened before.
    pub async fn load(
        connection: &impl ConnectionTrait,
        taxonomy: &str,
        line_id: i32,
        version_id: i64,
    ) -> Result<Self, Error> {
        let classes = class_numbers(connection, taxonomy).await?;
        Ok(Self { line_id, taxonomy: taxonomy.to_owned(), version_id, classes })
    }

    /// The number of a class.
    pub(super) fn number(&self, class: &str) -> Result<i32, Error> {
        let number = self.classes.get(class).copied();
        number.ok_or_else(|| Error::not_found("class", format!("{} {class}", self.taxonomy)))
    }
}

/// Gives the classes of a version numbers, where they have none.
pub(in super::super) async fn number(
    transaction: &Transaction,
    version: &TaxonomyVersion,
) -> Result<(), Error> {
    let taxonomy = version.definition.id.as_str();
    for class in &version.definition.classes {
        let sql = "INSERT INTO class_name (taxonomy_id, class_id) VALUES ($1, $2) \
                   ON CONFLICT (taxonomy_id, class_id) DO NOTHING";
        let values: [Value; 2] = [taxonomy.into(), class.id.as_str().into()];
        let backend = transaction.get_database_backend();
        transaction.execute_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
    }
    Ok(())
}

/// The numbers of a taxonomy's classes, of all its versions, and of [`LEFT_OUT`].
pub(in super::super) async fn class_numbers(
    connection: &impl ConnectionTrait,
    taxonomy: &str,
) -> Result<BTreeMap<String, i32>, Error> {
    let sql = "SELECT class_id, class_no FROM class_name WHERE taxonomy_id = $1";
    let backend = connection.get_database_backend();
    let statement = Statement::from_sql_and_values(backend, sql, [Value::from(taxonomy)]);
    let mut numbers = BTreeMap::from([(LEFT_OUT.to_owned(), LEFT_OUT_NUMBER)]);
    for row in connection.query_all_raw(statement).await? {
        numbers.insert(row.try_get_by_index(0)?, row.try_get_by_index(1)?);
    }
    Ok(numbers)
}

/// The ids of a taxonomy's classes by number.
pub(super) async fn names(
    connection: &impl ConnectionTrait,
    taxonomy: &str,
) -> Result<BTreeMap<i32, String>, Error> {
    let numbers = class_numbers(connection, taxonomy).await?;
    Ok(numbers.into_iter().map(|(class, number)| (number, class)).collect())
}

/// The lines of a taxonomy that are or were in force, as known now.
pub async fn in_force(
    connection: &impl ConnectionTrait,
    taxonomy: &str,
) -> Result<Timeline, Error> {
    history::timeline(connection, Subject::Classes, taxonomy, None).await
}

/// Whether what is written on a line for a day is seen at once.
pub async fn is_seen(
    connection: &impl ConnectionTrait,
    line: &ClassLine,
    day: NaiveDate,
) -> Result<bool, Error> {
    let of_line = (line.taxonomy.as_str(), line.line_id);
    history::is_seen(connection, Subject::Classes, of_line, time::days(day)).await
}

/// Ends a run through everybody: the day counts as evaluated for all customers, and the line
/// comes in force from that day on if it was not. Returns whose classes come to be seen with
/// that, ascending, empty when the line was in force on the day before.
pub async fn complete(
    transaction: &Transaction,
    line: &ClassLine,
    day: NaiveDate,
) -> Result<Vec<CustomerId>, Error> {
    let (subject, of_line) = (Subject::Classes, (line.taxonomy.as_str(), line.line_id));
    history::complete(transaction, subject, PLACE, of_line, time::days(day)).await
}

/// What the begin of a retraction of classes comes to.
#[derive(Debug, Default)]
pub struct Begun {
    /// The days to take back, with their lines.
    pub taken: Vec<(ClassLine, NaiveDate)>,
    /// By taxonomy, whose classes of another version come to be seen with that, ascending.
    pub seen: BTreeMap<String, Vec<CustomerId>>,
}

/// Takes the day of a run from the lines that it wrote, see [`Retraction`].
pub async fn begin_retraction(
    transaction: &Transaction,
    retraction: Retraction,
) -> Result<Begun, Error> {
    let begun = history::begin_retraction(transaction, Subject::Classes, PLACE, retraction).await?;
    let mut taken = Vec::new();
    for TakenBack { line: Line { line_id, name, version_id }, day } in begun.taken {
        let line = ClassLine::load(transaction, &name, line_id, version_id).await?;
        taken.push((line, time::date(day)?));
    }
    Ok(Begun { taken, seen: begun.seen })
}

/// The latest date for which everybody was classified under the taxonomy (under any, when it is
/// `None`), as known at an instant (now, when it is `None`).
pub async fn latest_classified(
    db: &Database,
    taxonomy: Option<&str>,
    known_at: Option<DateTime<Utc>>,
) -> Result<Option<NaiveDate>, Error> {
    if let Some(known_at) = known_at {
        history::settle(db, known_at).await?;
    }
    let taxonomies = match taxonomy {
        Some(taxonomy) => vec![taxonomy.to_owned()],
        None => history::names(db.reader(), Subject::Classes).await?,
    };
    let known_at = known_at.map(time::micros);
    let mut latest = None;
    for taxonomy in taxonomies {
        let timeline =
            history::timeline(db.reader(), Subject::Classes, &taxonomy, known_at).await?;
        let Some(line) = timeline.last() else { continue };
        let through = history::evaluated_through(db.reader(), line.line_id, None, known_at).await?;
        latest = latest.max(through);
    }
    latest.map(time::date).transpose()
}
