//! Customers that are probably one: what a run that compares them reads and keeps, and what persons
//! decide of it.

mod candidates;
mod decide;

use kehu_core::CustomerId;
use kehu_core::matching::Model;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select,
    Statement,
};

use super::Profile;
use super::customers;
use super::entity::customer;
use crate::document::{self, Document};
use crate::{Database, Error, Transaction, dialect};

pub use candidates::{
    Candidate, CandidateFilter, CandidateKey, Decided, Evidences, Found, MatchState,
    drop_unfound_candidates, find_candidate, keep_candidates, list_candidates, to_merge,
};
pub use decide::{Decision, decide};

impl Document for Model {
    const NAME: &'static str = "model of a matching run";
}

/// What is compared of a customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compared {
    /// Its number.
    pub id: CustomerId,
    /// Its version.
    pub version: i64,
    /// What is known about it.
    pub profile: Profile,
}

/// Customers with numbers after `after` and up to `last`, ascending, so many at most.
pub async fn compared_after(
    db: &Database,
    (after, last): (i64, i64),
    most: u64,
) -> Result<Vec<Compared>, Error> {
    let page = customer::Entity::find()
        .filter(customer::Column::CustomerId.gt(after))
        .filter(customer::Column::CustomerId.lte(last))
        .limit(most);
    read(db, page).await
}

/// The customers of these numbers, ascending.
pub async fn compared(db: &Database, ids: &[i64]) -> Result<Vec<Compared>, Error> {
    let is_any = dialect::is_any_number(db.reader().get_database_backend(), "customer_id", ids);
    read(db, customer::Entity::find().filter(is_any)).await
}

async fn read(db: &Database, query: Select<customer::Entity>) -> Result<Vec<Compared>, Error> {
    let rows = query.order_by_asc(customer::Column::CustomerId).all(db.reader()).await?;
    let compared = rows.into_iter().map(|row| {
        let (id, version) = (CustomerId(row.customer_id), row.version);
        Ok(Compared { id, version, profile: customers::profile(row)? })
    });
    compared.collect()
}

/// Keeps the parameters of a run; those that it has stay.
pub async fn keep_model(
    transaction: &Transaction,
    run_id: i64,
    model: &Model,
) -> Result<(), Error> {
    let sql = "INSERT INTO match_model (run_id, model) VALUES ($1, $2) ON CONFLICT DO NOTHING";
    execute(transaction, sql, [run_id.into(), document::write(model).into()]).await
}

/// The parameters of a run; `None` before they are estimated, and after a later run has ended.
pub async fn model(db: &Database, run_id: i64) -> Result<Option<Model>, Error> {
    let backend = db.reader().get_database_backend();
    let sql = "SELECT model FROM match_model WHERE run_id = $1";
    let statement = Statement::from_sql_and_values(backend, sql, [run_id.into()]);
    let Some(row) = db.reader().query_one_raw(statement).await? else { return Ok(None) };
    let text: String = row.try_get("", "model")?;
    document::read(&text).map(Some)
}

async fn execute<const N: usize>(
    transaction: &Transaction,
    sql: &str,
    values: [sea_orm::Value; N],
) -> Result<(), Error> {
    let backend = transaction.get_database_backend();
    transaction.execute_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
    Ok(())
}
