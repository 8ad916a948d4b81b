//! Customers that turned out to be one.
//!
//! A merge is a link from a customer that is absorbed to one that survives; links make trees, and
//! the customer at the root stands for all below it. Everything that came by a reference stays with
//! the customer that the reference was first linked to, its *home*: values and codes of sources have
//! the home in their key, references and records of facts have it in `absorbed_id` where it is not
//! the root. So a merge moves rows and destroys none, and undoing it, in whatever order, gives back
//! what each customer would be without it. Who is absorbed has no row in `customer`, and so is
//! nobody to whoever counts, scores or classifies customers.

mod change;
mod list;
mod rows;

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use kehu_core::CustomerId;
use sea_orm::{ConnectionTrait, DbErr, QueryResult, Statement};

use crate::bulk::{self, Column, ColumnType};
use crate::{Database, Error, dialect, time};

pub use change::{Hand, Merged, NewMerge, Undone, merge_customers, undo_merge};
pub(super) use list::TIMELINE;
pub use list::{MergeFilter, list_merges};

/// Two customers that were taken for one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merge {
    /// Its number.
    pub merge_id: i64,
    /// Who is part of the survivor.
    pub absorbed: CustomerId,
    /// Who stands for both.
    pub survivor: CustomerId,
    /// Why.
    pub reason: String,
    /// By whom, by the name that sign-on knows; empty where it is off.
    pub by: String,
    /// When.
    pub at: DateTime<Utc>,
    /// How it was undone; `None` while it holds.
    pub undo: Option<Undo>,
}

/// That a merge was undone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undo {
    /// Why.
    pub reason: String,
    /// By whom; empty where sign-on is off.
    pub by: String,
    /// When.
    pub at: DateTime<Utc>,
}

const COLUMNS: &str = "merge_id, absorbed_id, survivor_id, reason, merged_by, merged_at, \
                       undo_reason, undone_by, undone_at";

fn decode(row: &QueryResult) -> Result<Merge, Error> {
    let undone_at: Option<i64> = row.try_get("", "undone_at")?;
    let undo = match undone_at {
        Some(at) => Some(Undo {
            reason: row.try_get::<Option<String>>("", "undo_reason")?.unwrap_or_default(),
            by: row.try_get::<Option<String>>("", "undone_by")?.unwrap_or_default(),
            at: time::instant(at)?,
        }),
        None => None,
    };
    Ok(Merge {
        merge_id: row.try_get("", "merge_id")?,
        absorbed: CustomerId(row.try_get("", "absorbed_id")?),
        survivor: CustomerId(row.try_get("", "survivor_id")?),
        reason: row.try_get("", "reason")?,
        by: row.try_get("", "merged_by")?,
        at: time::instant(row.try_get("", "merged_at")?)?,
        undo,
    })
}

/// The condition on a `customer_id` that the customer is not merged into another.
pub(crate) const STANDS_FOR_ITSELF: &str =
    "customer_id NOT IN (SELECT absorbed_id FROM customer_merge WHERE root_id IS NOT NULL)";

/// The customers that are merged into these, however far down, each with the one it is part of.
pub(crate) async fn absorbed_in(
    connection: &impl ConnectionTrait,
    customers: &[i64],
) -> Result<HashMap<i64, i64>, Error> {
    let links = links(connection, "root_id", customers).await?;
    Ok(links.into_iter().map(|(absorbed, (root, _))| (absorbed, root)).collect())
}

/// The customers that stand for these, only of those that are merged into another; with each the time
/// of that merge, in microseconds.
pub(crate) async fn survivors(
    connection: &impl ConnectionTrait,
    customers: &[i64],
) -> Result<HashMap<i64, (i64, i64)>, Error> {
    links(connection, "absorbed_id", customers).await
}

async fn links(
    connection: &impl ConnectionTrait,
    column: &str,
    customers: &[i64],
) -> Result<HashMap<i64, (i64, i64)>, Error> {
    if customers.is_empty() {
        return Ok(HashMap::new());
    }
    let backend = connection.get_database_backend();
    let is_any = dialect::in_array(backend, 1);
    let sql = format!(
        "SELECT absorbed_id, root_id, merged_at FROM customer_merge \
         WHERE {column} {is_any} AND root_id IS NOT NULL"
    );
    let columns = ["absorbed_id", "root_id", "merged_at"].map(|name| (name, ColumnType::I64));
    let values = vec![dialect::array(backend, customers)];
    let read = bulk::read(connection, &sql, values, &columns).await?;
    let Ok([Column::I64(absorbed), Column::I64(roots), Column::I64(times)]) =
        <[Column; 3]>::try_from(read)
    else {
        return Err(Error::Corrupt("merges have columns of other types".to_owned()));
    };
    Ok(absorbed.into_iter().zip(roots.into_iter().zip(times)).collect())
}

/// The customer that stands for this one: now, or as was known at a time. `None` when it stands for
/// itself.
pub async fn survivor(
    db: &Database,
    customer: CustomerId,
    known_at: Option<DateTime<Utc>>,
) -> Result<Option<CustomerId>, Error> {
    let Some(known_at) = known_at else {
        let found = survivors(db.reader(), &[customer.0]).await?;
        return Ok(found.get(&customer.0).map(|(root, _)| CustomerId(*root)));
    };
    let known = time::micros(known_at);
    let sql = "SELECT survivor_id FROM customer_merge WHERE absorbed_id = $1 \
               AND merged_at <= $2 AND (undone_at IS NULL OR undone_at > $2)";
    let mut at = customer;
    loop {
        let values = [at.0.into(), known.into()];
        let next: Vec<i64> = numbers(db.reader(), sql, values).await?;
        let Some(next) = next.first() else { break };
        at = CustomerId(*next);
    }
    Ok(Some(at).filter(|at| *at != customer))
}

/// Who stands for each of some customers, as of [`survivor`]: of a page, so not more than a statement
/// takes. Who was never merged stands for itself.
pub async fn standing(
    db: &Database,
    customers: &[CustomerId],
    known_at: Option<DateTime<Utc>>,
) -> Result<HashMap<CustomerId, CustomerId>, Error> {
    let mut standing: HashMap<_, _> = customers.iter().map(|id| (*id, *id)).collect();
    if customers.is_empty() {
        return Ok(standing);
    }
    let ids: Vec<String> = customers.iter().map(|id| id.0.to_string()).collect();
    let ids = ids.join(", ");
    let sql =
        format!("SELECT DISTINCT absorbed_id FROM customer_merge WHERE absorbed_id IN ({ids})");
    for absorbed in numbers(db.reader(), &sql, []).await?.into_iter().map(CustomerId) {
        if let Some(survivor) = survivor(db, absorbed, known_at).await? {
            standing.insert(absorbed, survivor);
        }
    }
    Ok(standing)
}

/// The numbers in the first column.
async fn numbers<const N: usize>(
    connection: &impl ConnectionTrait,
    sql: &str,
    values: [sea_orm::Value; N],
) -> Result<Vec<i64>, Error> {
    let backend = connection.get_database_backend();
    let statement = Statement::from_sql_and_values(backend, sql, values);
    let rows = connection.query_all_raw(statement).await?;
    let numbers: Result<Vec<i64>, DbErr> = rows.iter().map(|row| row.try_get_by_index(0)).collect();
    Ok(numbers?)
}
