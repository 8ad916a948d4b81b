//! Writing classes: what is new is added, what changed supersedes, what is the same writes
//! nothing.
//!
//! Two writers may evaluate the same customers for the same date, one of them from facts that
//! are older. So a writer reads what stands ([`before`]) first, then the facts, and
//! [`record`]s against what it read: when another one wrote in between, that is a conflict and
//! it evaluates again. The last to write has then seen all the facts.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, NaiveDate, Utc};
use kehu_core::{CustomerId, Value};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};

use super::super::customers::{self, ROWS_AT_ONCE};
use super::super::entity::class_assignment::{Column as Field, Entity};
use super::super::evidence;
use crate::bulk::{self, Column, OnConflict};
use crate::facts::CustomerSet;
use crate::{Database, Error, Transaction, time};

/// A class to record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAssignment {
    /// Whose class it is.
    pub customer: CustomerId,
    /// The id of the taxonomy.
    pub taxonomy: String,
    /// The number of the taxonomy's version, over all taxonomies.
    pub version_id: i64,
    /// The id of the class.
    pub class: String,
    /// The columns that the taxonomy's predicates read, with the customer's values.
    pub evidence: BTreeMap<String, Value>,
}

/// What stands for some customers for one date.
#[derive(Debug, Default)]
pub struct Before {
    as_of: i32,
    rows: HashMap<(String, i64), Standing>,
}

#[derive(Debug)]
struct Standing {
    assignment_id: i64,
    version_id: i64,
    class: String,
    evidence: String,
}

/// Reads what stands for `customers` under `taxonomies` for exactly the date `as_of`. Do it
/// before reading anything that the evaluation rests on.
pub async fn before(
    db: &Database,
    taxonomies: &[&str],
    customers: &CustomerSet,
    as_of: NaiveDate,
) -> Result<Before, Error> {
    let mut before = Before { as_of: time::days(as_of), rows: HashMap::new() };
    for condition in customers::conditions(customers, Field::CustomerId) {
        let rows: Vec<(String, i64, i64, i64, String, String)> = Entity::find()
            .select_only()
            .columns([Field::TaxonomyId, Field::CustomerId, Field::AssignmentId])
            .columns([Field::VersionId, Field::ClassId, Field::Evidence])
            .filter(Field::TaxonomyId.is_in(taxonomies.iter().copied()))
            .filter(Field::AsOf.eq(before.as_of))
            .filter(Field::SupersededAt.is_null())
            .filter(condition)
            .into_tuple()
            .all(db.reader())
            .await?;
        for (taxonomy, customer, assignment_id, version_id, class, evidence) in rows {
            let standing = Standing { assignment_id, version_id, class, evidence };
            before.rows.insert((taxonomy, customer), standing);
        }
    }
    Ok(before)
}

/// Records the results of an evaluation, each customer once a taxonomy, and returns the
/// customers for whom something was written, ascending. `run_id` is `None` when it follows from
/// a change. [`Error::Conflict`] when what stood at [`before`] no longer does.
pub async fn record(
    transaction: &Transaction,
    before: &Before,
    results: Vec<NewAssignment>,
    run_id: Option<i64>,
    now: DateTime<Utc>,
) -> Result<Vec<CustomerId>, Error> {
    let mut superseded = Vec::new();
    let mut rows = Rows::default();
    let mut changed = BTreeSet::new();
    for result in results {
        let evidence = evidence::encode(&result.evidence);
        if let Some(standing) = before.rows.get(&(result.taxonomy.clone(), result.customer.0)) {
            if standing.is(&result, &evidence) {
                continue;
            }
            superseded.push(standing.assignment_id);
        }
        changed.insert(result.customer);
        rows.push(result, evidence);
    }
    supersede(transaction, &superseded, now).await?;
    rows.insert(transaction, before.as_of, run_id, now).await?;
    Ok(changed.into_iter().collect())
}

impl Standing {
    fn is(&self, result: &NewAssignment, evidence: &str) -> bool {
        self.version_id == result.version_id
            && self.class == result.class
            && self.evidence == evidence
    }
}

async fn supersede(
    transaction: &Transaction,
    assignment_ids: &[i64],
    now: DateTime<Utc>,
) -> Result<(), Error> {
    for ids in assignment_ids.chunks(ROWS_AT_ONCE) {
        let done = Entity::update_many()
            .col_expr(Field::SupersededAt, Expr::value(time::micros(now)))
            .filter(Field::AssignmentId.is_in(ids.iter().copied()))
            .filter(Field::SupersededAt.is_null())
            .exec(transaction)
            .await?;
        if usize::try_from(done.rows_affected) != Ok(ids.len()) {
            return Err(conflict());
        }
    }
    Ok(())
}

#[derive(Default)]
struct Rows {
    customers: Vec<i64>,
    taxonomies: Vec<String>,
    version_ids: Vec<i64>,
    classes: Vec<String>,
    evidence: Vec<String>,
}

impl Rows {
    fn push(&mut self, result: NewAssignment, evidence: String) {
        self.customers.push(result.customer.0);
        self.taxonomies.push(result.taxonomy);
        self.version_ids.push(result.version_id);
        self.classes.push(result.class);
        self.evidence.push(evidence);
    }

    async fn insert(
        self,
        transaction: &Transaction,
        as_of: i32,
        run_id: Option<i64>,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let rows = self.customers.len();
        if rows == 0 {
            return Ok(());
        }
        let columns = [
            ("customer_id", Column::I64(self.customers)),
            ("taxonomy_id", Column::Text(self.taxonomies)),
            ("version_id", Column::I64(self.version_ids)),
            ("class_id", Column::Text(self.classes)),
            ("evidence", Column::Text(self.evidence)),
            ("as_of", Column::I32(vec![as_of; rows])),
            ("run_id", Column::OptI64(vec![run_id; rows])),
            ("recorded_at", Column::I64(vec![time::micros(now); rows])),
        ];
        let inserted = bulk::insert(transaction, "class_assignment", &columns, OnConflict::Fail);
        match inserted.await {
            // The unique index of standing rows: another writer was quicker.
            Err(Error::AlreadyExists { .. }) => Err(conflict()),
            Err(error) => Err(error),
            Ok(_) => Ok(()),
        }
    }
}

fn conflict() -> Error {
    Error::Conflict("other classes were recorded meanwhile, evaluate again".to_owned())
}
