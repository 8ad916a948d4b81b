//! How well taxonomies did on dates. What was written never changes, and outlives the run.

use chrono::{DateTime, NaiveDate, Utc};
use kehu_core::evaluation::Evaluation;
use kehu_core::taxonomy::Taxonomy;
use sea_orm::{ConnectionTrait, FromQueryResult, Statement, Value};

use crate::definitions::{self, Definition};
use crate::document::{self, Document};
use crate::history;
use crate::{Database, Error, Page, PageRequest, Transaction, time};

impl Document for Evaluation {
    const NAME: &'static str = "evaluation of a taxonomy";
}

/// An evaluation that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Its number.
    pub evaluation_id: i64,
    /// What it is of.
    pub of: Evaluated,
    /// What was measured.
    pub evaluation: Evaluation,
}

/// What an evaluation is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evaluated {
    /// The id of the taxonomy.
    pub taxonomy: String,
    /// The number of its version.
    pub version: i64,
    /// The date.
    pub as_of: NaiveDate,
    /// The run.
    pub run_id: i64,
    /// When it was made.
    pub at: DateTime<Utc>,
}

const SELECT: &str = "SELECT e.evaluation_id, d.definition_id AS taxonomy, e.version, e.as_of, \
     e.run_id, e.evaluated_at, e.evaluation FROM taxonomy_evaluation AS e \
     JOIN definition AS d ON d.definition_key = e.taxonomy_key";

/// Keeps an evaluation, in the transaction that ends the piece of the run.
pub async fn keep(
    transaction: &Transaction,
    of: &Evaluated,
    evaluation: &Evaluation,
) -> Result<(), Error> {
    let key = definitions::key(transaction, &Taxonomy::KIND, &of.taxonomy).await?;
    let sql = "INSERT INTO taxonomy_evaluation (taxonomy_key, version, as_of, run_id, evaluated_at, \
               evaluation) VALUES ($1, $2, $3, $4, $5, $6)";
    let values: [Value; 6] = [
        key.into(),
        of.version.into(),
        time::days(of.as_of).into(),
        of.run_id.into(),
        time::micros(of.at).into(),
        document::write(evaluation).into(),
    ];
    let backend = transaction.get_database_backend();
    transaction.execute_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
    Ok(())
}

/// An evaluation. [`Error::NotFound`].
pub async fn get(db: &Database, evaluation_id: i64) -> Result<Kept, Error> {
    let sql = format!("{SELECT} WHERE e.evaluation_id = {evaluation_id}");
    let row = history::query(db.reader(), &sql).await?.pop();
    let missing = || Error::not_found("evaluation", format!("taxonomyEvaluations/{evaluation_id}"));
    Row::from_query_result(&row.ok_or_else(missing)?, "")?.kept()
}

/// The evaluations of a taxonomy, of a run, or of both, the latest first. The key of a page is a
/// number. [`Error::NotFound`] without such a taxonomy.
pub async fn list(
    db: &Database,
    (taxonomy, run_id): (Option<&str>, Option<i64>),
    page: &PageRequest,
) -> Result<Page<Kept>, Error> {
    let mut conditions = vec!["1 = 1".to_owned()];
    if let Some(taxonomy) = taxonomy {
        let key = definitions::key(db.reader(), &Taxonomy::KIND, taxonomy).await?;
        conditions.push(format!("e.taxonomy_key = {key}"));
    }
    conditions.extend(run_id.map(|run_id| format!("e.run_id = {run_id}")));
    conditions.extend(page.after.map(|after| format!("e.evaluation_id < {after}")));
    let sql = format!(
        "{SELECT} WHERE {} ORDER BY e.evaluation_id DESC LIMIT {}",
        conditions.join(" AND "),
        page.fetch()
    );
    let mut rows = Vec::new();
    for row in history::query(db.reader(), &sql).await? {
        rows.push(Row::from_query_result(&row, "")?.kept()?);
    }
    Ok(Page::of(page, rows, |row| row.evaluation_id))
}

/// The latest date that the taxonomy was evaluated for; `None` when it never was.
pub async fn latest(db: &Database, taxonomy: &str) -> Result<Option<NaiveDate>, Error> {
    let key = definitions::key(db.reader(), &Taxonomy::KIND, taxonomy).await?;
    let sql = format!("SELECT max(as_of) FROM taxonomy_evaluation WHERE taxonomy_key = {key}");
    let row = history::query(db.reader(), &sql).await?.pop();
    let latest: Option<i32> = row.map(|row| row.try_get_by_index(0)).transpose()?.flatten();
    latest.map(time::date).transpose()
}

#[derive(FromQueryResult)]
struct Row {
    evaluation_id: i64,
    taxonomy: String,
    version: i64,
    as_of: i32,
    run_id: i64,
    evaluated_at: i64,
    evaluation: String,
}

impl Row {
    fn kept(self) -> Result<Kept, Error> {
        Ok(Kept {
            evaluation_id: self.evaluation_id,
            of: Evaluated {
                taxonomy: self.taxonomy,
                version: self.version,
                as_of: time::date(self.as_of)?,
                run_id: self.run_id,
                at: time::instant(self.evaluated_at)?,
            },
            evaluation: document::read(&self.evaluation)?,
        })
    }
}
