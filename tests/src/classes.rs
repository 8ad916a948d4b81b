//! Classes put on record as a run or a follower does, without their evaluation.

use chrono::{DateTime, Utc};
use kehu_core::{CustomerId, Value};
use kehu_server::clock;
use kehu_storage::change_log::Position;
use kehu_storage::coding::classes::{self, ClassLine, Evaluation, NewClass, Scope};
use kehu_storage::coding::taxonomies::TaxonomyVersion;
use kehu_storage::history::{Guarded, Subject, Writer};
use kehu_storage::{Database, Error, time};
use std::collections::BTreeMap;

use crate::day;

/// A customer with its class and the number of its orders, which is the evidence.
pub fn class((customer, class, orders): (i64, &str, i64)) -> NewClass {
    NewClass {
        customer: CustomerId(customer),
        class: class.to_owned(),
        evidence: BTreeMap::from([("orders_total".to_owned(), Value::Number(orders.into()))]),
    }
}

/// A position in the change log.
pub fn position(epoch: u16, number: i64) -> Position {
    let text = format!("{epoch:04x}.{number:012x}.0000");
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// The line of a version that is in force, a new one when there is none.
pub async fn line(db: &Database, version: &TaxonomyVersion) -> Result<ClassLine, Error> {
    let taxonomy = version.definition.id.as_str();
    let timeline = classes::in_force(db.reader(), taxonomy).await?;
    let lines = timeline.segments().iter();
    if let Some(line) = lines.rev().find(|line| line.version_id == version.version_id) {
        return ClassLine::load(db.reader(), taxonomy, line.line_id, line.version_id).await;
    }
    let transaction = db.begin().await?;
    let line = ClassLine::open(&transaction, version, None).await?;
    transaction.commit().await?;
    Ok(line)
}

/// Classes that were put on record.
#[derive(Debug)]
pub struct Recorded {
    /// For whom something was written.
    pub changed: Vec<i64>,
    /// A time at which it is known.
    pub known: DateTime<Utc>,
}

/// Records classes of a day, with numbers rising from call to call as positions, and counts the
/// day as evaluated for everybody.
pub async fn classify(
    db: &Database,
    version: &TaxonomyVersion,
    as_of: &str,
    results: &[NewClass],
    run_id: Option<i64>,
) -> Result<Recorded, Error> {
    let line = line(db, version).await?;
    let day = day(as_of);
    let position = position(1, clock::now().timestamp_millis());
    let ids: Vec<i64> = results.iter().map(|result| result.customer.0).collect();
    let scope = Scope::Customers(&ids);
    let evaluation = Evaluation { line: &line, day, position, run_id, scope };
    let transaction = db.begin().await?;
    let guarded = Guarded::Customers(&ids);
    let mut writer = Writer::begin(&transaction, Subject::Classes, guarded, 1).await?;
    let changed = classes::record(&mut writer, &evaluation, results).await?;
    classes::complete(&transaction, &line, day).await?;
    transaction.commit().await?;
    let changed = changed.into_iter().map(|customer| customer.0).collect();
    Ok(Recorded { changed, known: known(db).await? })
}

/// The latest time at which anything became known.
pub async fn known(db: &Database) -> Result<DateTime<Utc>, Error> {
    use sea_orm::{ConnectionTrait, Statement};
    let sql = "SELECT max(known) FROM history_guard";
    let statement = Statement::from_string(db.reader().get_database_backend(), sql);
    let row = db.reader().query_one_raw(statement).await?;
    let known = row.map(|row| row.try_get_by_index(0)).transpose()?;
    time::instant(known.unwrap_or_default())
}
