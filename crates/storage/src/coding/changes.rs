//! Whose class changed, told once for each time that a customer enters or leaves one.
//!
//! A stay (`class_stay`) is the class that was told last of a customer under a taxonomy. Whoever
//! writes classes compares the stays with the line in force, in the transaction of the classes
//! ([`tell`]): what differs becomes a change and the stay. So a change is told exactly once, whatever
//! dies, and a version of the taxonomy that comes in force tells of those only whom it moves.
//!
//! Changes are read in the order of the change log, at whose place they stand, and kept as long.
//! Of one customer that is not the order of commits; the number of each is.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use kehu_core::{CustomerId, taxonomy::Taxonomy};
use sea_orm::{ConnectionTrait, FromQueryResult, Statement};

use super::classes::{self, LEFT_OUT_NUMBER};
use super::taxonomies::{self, TaxonomyVersion};
use super::watch;
use crate::change_log::Position;
use crate::definitions::{self, Definition};
use crate::facts::CustomerSet;
use crate::history::{self, Segment, chosen};
use crate::{Database, Error, Page, PageRequest, Transaction, dialect, time};

/// A customer that entered or left a class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassChange {
    /// Where it is told.
    pub key: ChangeKey,
    /// The id of the taxonomy.
    pub taxonomy: String,
    /// The number of the taxonomy's version in force, over all versions.
    pub version_id: i64,
    /// The class that was left; `None` when there was none.
    pub from: Option<String>,
    /// The class that was entered; `None` when there is none.
    pub to: Option<String>,
    /// Since when the class is true; without one, the day for which that was found.
    pub day: NaiveDate,
    /// Its number among the changes of the customer under the taxonomy, from 1: of two the greater
    /// is the later.
    pub number: i64,
    /// When it became known.
    pub recorded_at: DateTime<Utc>,
}

/// The place of a change: in the change log, the number of the taxonomy, the customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ChangeKey {
    /// Where its transaction is told.
    pub position: Position,
    /// The number that stands for the taxonomy.
    pub taxonomy_key: i32,
    /// Whose change it is.
    pub customer: CustomerId,
}

/// The class that a customer was told to be in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stay {
    /// The number that stands for the taxonomy.
    pub(super) taxonomy_key: i32,
    /// The number of the class.
    pub(super) class_no: i32,
    /// The id of the class.
    pub class: String,
    /// Since when, in days since 1970-01-01.
    pub(super) since: i32,
}

/// The version of a taxonomy in force; `None` before the first.
pub async fn version_in_force(
    db: &Database,
    taxonomy: &str,
) -> Result<Option<Arc<TaxonomyVersion>>, Error> {
    let timeline = classes::in_force(db.reader(), taxonomy).await?;
    let Some(segment) = timeline.last() else { return Ok(None) };
    let mut found = taxonomies::published(db, &[segment.version_id]).await?;
    Ok(found.remove(&segment.version_id))
}

/// Tells what changed of the customers' classes under a taxonomy, at `position` of the change log,
/// where the transaction has told of them already; `day` is the latest that was evaluated. While the
/// taxonomy has no strategies only those who watch are told; once it has, everybody's class is told
/// anew. Takes turns with whoever tells of the same taxonomy, so call it with nothing left to lock.
pub async fn tell(
    db: &Database,
    transaction: &Transaction,
    taxonomy: &str,
    customers: &CustomerSet,
    (position, day): (Position, NaiveDate),
) -> Result<(), Error> {
    definitions::lock(transaction, &Taxonomy::KIND, taxonomy).await?;
    // From here on no other one comes in force.
    let Some((line, earning)) = line_in_force(db, transaction, taxonomy).await? else {
        return Ok(());
    };
    let taxonomy_key = definitions::key(transaction, &Taxonomy::KIND, taxonomy).await?;
    let told = Told {
        position,
        taxonomy_key,
        line,
        earning: earning.into(),
        day: time::days(day),
        known: dialect::clock(transaction).await?,
    };
    for chosen in chosen(customers) {
        history::execute(transaction, &told.entered(&chosen)).await?;
        history::execute(transaction, &told.left(&chosen)).await?;
    }
    history::execute(transaction, &told.stays()).await?;
    Ok(())
}

/// The line in force, and whether its version has strategies.
async fn line_in_force(
    db: &Database,
    transaction: &Transaction,
    taxonomy: &str,
) -> Result<Option<(Segment, bool)>, Error> {
    let timeline = classes::in_force(transaction, taxonomy).await?;
    let Some(segment) = timeline.last() else { return Ok(None) };
    let versions = taxonomies::published(db, &[segment.version_id]).await?;
    let version = versions.get(&segment.version_id);
    let earning = version.is_some_and(|version| version.definition.has_strategies());
    Ok(Some((segment.clone(), earning)))
}

/// What is told at once.
struct Told {
    position: Position,
    taxonomy_key: i32,
    line: Segment,
    earning: i32,
    day: i32,
    known: i64,
}

const COLUMNS: &str = "INSERT INTO class_change (position, taxonomy_key, customer_id, from_class, \
     to_class, day, number, version_id, recorded_at, earning)";

impl Told {
    /// Who is in a class now: that of the open span.
    fn open(&self) -> String {
        format!(
            "line_id = {} AND valid_to IS NULL AND known_to IS NULL AND class_no <> \
             {LEFT_OUT_NUMBER}",
            self.line.line_id
        )
    }

    /// Those who are in another class than was told, or in one for the first time; what was told before
    /// there were strategies does not count as told once there are.
    fn entered(&self, chosen: &str) -> String {
        let Self { position, taxonomy_key, known, earning, .. } = self;
        let Segment { from, version_id, .. } = &self.line;
        format!(
            "{COLUMNS} SELECT '{position}', {taxonomy_key}, held.customer_id, stay.class_no, \
             held.class_no, CASE WHEN held.valid_from < {from} THEN {from} ELSE held.valid_from \
             END, coalesce(stay.number, 0) + 1, {version_id}, {known}, {earning} FROM (SELECT \
             customer_id, class_no, valid_from FROM class_span WHERE {}{chosen}) AS held LEFT JOIN \
             class_stay AS stay ON stay.taxonomy_key = {taxonomy_key} AND stay.customer_id = \
             held.customer_id AND stay.earning >= {earning} WHERE stay.class_no IS NULL OR \
             stay.class_no <> held.class_no",
            self.open()
        )
    }

    /// Those who are in no class any more.
    fn left(&self, chosen: &str) -> String {
        let Self { position, taxonomy_key, day, known, earning, .. } = self;
        format!(
            "{COLUMNS} SELECT '{position}', {taxonomy_key}, stay.customer_id, stay.class_no, NULL, \
             {day}, stay.number + 1, {}, {known}, {earning} FROM class_stay AS stay WHERE stay.taxonomy_key = \
             {taxonomy_key} AND stay.class_no IS NOT NULL{chosen} AND NOT EXISTS (SELECT 1 FROM \
             class_span AS held WHERE held.customer_id = stay.customer_id AND {})",
            self.line.version_id,
            self.open().replace("class_no", "held.class_no")
        )
    }

    /// What was told is what is known of them.
    fn stays(&self) -> String {
        let Self { position, taxonomy_key, .. } = self;
        format!(
            "INSERT INTO class_stay (taxonomy_key, customer_id, class_no, since, number, earning) \
             SELECT taxonomy_key, customer_id, to_class, day, number, earning FROM class_change \
             WHERE position = '{position}' AND taxonomy_key = {taxonomy_key} ON CONFLICT \
             (taxonomy_key, customer_id) DO UPDATE SET class_no = excluded.class_no, since = \
             excluded.since, number = excluded.number, earning = excluded.earning"
        )
    }
}

#[derive(FromQueryResult)]
struct Row {
    position: Position,
    taxonomy_key: i32,
    customer_id: i64,
    taxonomy: String,
    from_class: Option<String>,
    to_class: Option<String>,
    day: i32,
    number: i64,
    version_id: i64,
    recorded_at: i64,
}

impl TryFrom<Row> for ClassChange {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        let Row { position, taxonomy_key, customer_id, .. } = row;
        Ok(Self {
            key: ChangeKey { position, taxonomy_key, customer: CustomerId(customer_id) },
            taxonomy: row.taxonomy,
            version_id: row.version_id,
            from: row.from_class,
            to: row.to_class,
            day: time::date(row.day)?,
            number: row.number,
            recorded_at: time::instant(row.recorded_at)?,
        })
    }
}

/// The changes after a place that brought something to do or ended it, because the taxonomy has
/// strategies; of one taxonomy or of all, in the order of the change log. What was
/// told beside a transaction that is still open comes when that has ended.
pub async fn list(
    db: &Database,
    taxonomy: Option<&str>,
    page: &PageRequest<ChangeKey>,
) -> Result<Page<ClassChange, ChangeKey>, Error> {
    let horizon = dialect::log_horizon(db.reader()).await?;
    let mut conditions = vec!["c.earning = 1".to_owned()];
    if let Some(taxonomy) = taxonomy {
        let key = definitions::key(db.reader(), &Taxonomy::KIND, taxonomy).await?;
        conditions.push(format!("c.taxonomy_key = {key}"));
    }
    if let Some(ChangeKey { position, taxonomy_key, customer }) = page.after {
        conditions.push(format!(
            "(c.position, c.taxonomy_key, c.customer_id) > ('{position}', {taxonomy_key}, {})",
            customer.0
        ));
    }
    if let Some(horizon) = horizon {
        conditions.push(format!("c.position < '{horizon}'"));
    }
    let rows = select(db, &conditions.join(" AND "), page.fetch()).await?;
    Ok(Page::of(page, rows, |row| row.key))
}

/// The first `limit` changes that meet a condition and are told up to a place, for watchers.
pub(super) async fn between(
    db: &Database,
    taxonomy: Option<&str>,
    condition: &str,
    settled: Position,
    limit: usize,
) -> Result<Vec<ClassChange>, Error> {
    let of_taxonomy = watch::of_taxonomy(db, "c.taxonomy_key", taxonomy).await?;
    let condition = format!("{condition} AND c.position <= '{settled}'{of_taxonomy}");
    select(db, &condition, u64::try_from(limit).unwrap_or(u64::MAX)).await
}

async fn select(db: &Database, condition: &str, limit: u64) -> Result<Vec<ClassChange>, Error> {
    let sql = format!(
        "SELECT c.position, c.taxonomy_key, c.customer_id, d.definition_id AS taxonomy, \
         was.class_id AS from_class, comes.class_id AS to_class, c.day, c.number, c.version_id, \
         c.recorded_at FROM class_change AS c JOIN definition AS d ON d.definition_key = \
         c.taxonomy_key LEFT JOIN class_name AS was ON was.class_no = c.from_class LEFT JOIN \
         class_name AS comes ON comes.class_no = c.to_class WHERE {condition} ORDER BY \
         c.position, c.taxonomy_key, c.customer_id LIMIT {limit}"
    );
    let mut rows = Vec::new();
    for row in history::query(db.reader(), &sql).await? {
        rows.push(ClassChange::try_from(Row::from_query_result(&row, "")?)?);
    }
    Ok(rows)
}

/// The class that a customer was told to be in under a taxonomy; `None` when in none.
pub(super) async fn stay(
    connection: &impl ConnectionTrait,
    taxonomy: &str,
    customer: CustomerId,
) -> Result<Option<Stay>, Error> {
    let sql = "SELECT s.taxonomy_key, s.class_no, n.class_id, s.since FROM class_stay AS s JOIN \
               class_name AS n ON n.class_no = s.class_no JOIN definition AS d ON \
               d.definition_key = s.taxonomy_key WHERE d.kind = $1 AND d.definition_id = $2 AND \
               s.customer_id = $3";
    let values = [Taxonomy::KIND.name.into(), taxonomy.into(), customer.0.into()];
    let backend = connection.get_database_backend();
    let statement = Statement::from_sql_and_values(backend, sql, values);
    let Some(row) = connection.query_one_raw(statement).await? else { return Ok(None) };
    Ok(Some(Stay {
        taxonomy_key: row.try_get_by_index(0)?,
        class_no: row.try_get_by_index(1)?,
        class: row.try_get_by_index(2)?,
        since: row.try_get_by_index(3)?,
    }))
}

/// Deletes the changes that became known before `before`, unless the change log still has what is before
/// them: who watches from a place that it has misses nothing. Returns how many.
pub async fn trim(db: &Database, before: DateTime<Utc>) -> Result<u64, Error> {
    let transaction = db.begin().await?;
    let sql = format!(
        "DELETE FROM class_change WHERE recorded_at < {} AND position < (SELECT min(position) FROM \
         change_log)",
        time::micros(before)
    );
    let deleted = history::execute(&transaction, &sql).await?;
    transaction.commit().await?;
    Ok(deleted)
}
