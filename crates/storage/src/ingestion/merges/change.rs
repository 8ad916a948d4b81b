//! Merging two customers, and undoing it.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use kehu_core::CustomerId;
use sea_orm::{ConnectionTrait, Statement};

use super::{COLUMNS, Merge, decode, rows, survivors};
use crate::business_date::Days;
use crate::change_log::{self, NewChange, Position, Topic};
use crate::ingestion::customers::{self, Customer, Row};
use crate::ingestion::entity::customer::Model;
use crate::ingestion::values::{self, Homes};
use crate::ingestion::{FIRST_DAY, NO_DAY, Profile};
use crate::{Error, Transaction, dialect, time};

/// Who are one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewMerge<'a> {
    /// Who stands for both from now on.
    pub survivor: CustomerId,
    /// Who becomes part of it.
    pub absorbed: CustomerId,
    /// Why.
    pub reason: &'a str,
    /// The version that each must have; `None` takes any.
    pub survivor_version: Option<i64>,
    /// The same of the other.
    pub absorbed_version: Option<i64>,
}

/// By whom, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hand<'a> {
    /// The caller; empty where sign-on is off.
    pub by: &'a str,
    /// The time.
    pub now: DateTime<Utc>,
}

/// What a merge came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merged {
    /// The merge.
    pub merge: Merge,
    /// The customer that stands for both, as it is now.
    pub customer: Customer,
    /// The place in the change log.
    pub position: Position,
}

/// What undoing one came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undone {
    /// The merge.
    pub merge: Merge,
    /// The customer that stood for both, as it is now.
    pub customer: Customer,
    /// The customer that is one of its own again.
    pub restored: Customer,
    /// The place in the change log.
    pub position: Position,
}

/// Merges two customers in the caller's transaction: what is of the one counts for the other, for all
/// days; nothing of it is lost. [`Error::Refused`] for one that is part of another already.
pub async fn merge_customers(
    transaction: &Transaction,
    new: &NewMerge<'_>,
    hand: &Hand<'_>,
) -> Result<Merged, Error> {
    dialect::change_references(transaction).await?;
    let (survivor, absorbed) = locked(transaction, new).await?;
    let merge_id = insert(transaction, new, &absorbed, hand).await?;
    execute(
        transaction,
        "UPDATE customer_merge SET root_id = $1 WHERE root_id = $2",
        [new.survivor.0.into(), new.absorbed.0.into()],
    )
    .await?;
    rows::give(transaction, new.absorbed, new.survivor).await?;
    let sql = "DELETE FROM customer WHERE customer_id = $1";
    execute(transaction, sql, [new.absorbed.0.into()]).await?;
    let version = survivor.version.max(absorbed.version) + 1;
    let homes = homes(transaction, new.survivor).await?;
    let row = row(transaction, new.survivor, &homes, version).await?;
    customers::update(transaction, &[row], hand.now).await?;
    let position = tell(transaction, new.survivor, new.absorbed, hand).await?;
    Ok(Merged {
        merge: find(transaction, merge_id).await?,
        customer: load(transaction, new.survivor).await?,
        position,
    })
}

/// Undoes a merge in the caller's transaction: who was absorbed has what came by its references
/// again, before the merge and after it, with those that were merged into it. Other merges hold on.
/// [`Error::Refused`] for one that is undone.
pub async fn undo_merge(
    transaction: &Transaction,
    merge_id: i64,
    reason: &str,
    hand: &Hand<'_>,
) -> Result<Undone, Error> {
    dialect::change_references(transaction).await?;
    let merge = find(transaction, merge_id).await?;
    let root = survivors(transaction, &[merge.absorbed.0]).await?.remove(&merge.absorbed.0);
    let root = root.filter(|_| merge.undo.is_none());
    let Some(root) = root.map(|(root, _)| CustomerId(root)) else {
        return Err(Error::Refused {
            condition: "MERGE_HOLDS",
            subject: name(merge_id),
            description: format!("{} is undone already", name(merge_id)),
        });
    };
    let mut of_root = customers::lock(transaction, &[root.0]).await?;
    let of_root = of_root.pop().ok_or_else(|| gone(root))?;
    let created_at = mark(transaction, merge_id, reason, hand).await?;
    let homes_back = below(transaction, root, merge.absorbed).await?;
    let is_any = dialect::in_array(transaction.get_database_backend(), 2);
    let part = dialect::array(transaction.get_database_backend(), &homes_back);
    let sql = format!(
        "UPDATE customer_merge SET root_id = $1 WHERE root_id IS NOT NULL AND absorbed_id {is_any}"
    );
    execute(transaction, &sql, [merge.absorbed.0.into(), part]).await?;
    let homes_back: Vec<i64> = [merge.absorbed.0].into_iter().chain(homes_back).collect();
    rows::give_back(transaction, root, merge.absorbed, &homes_back).await?;
    let version = of_root.version + 1;
    let homes_of_root = homes(transaction, root).await?;
    let of_root = row(transaction, root, &homes_of_root, version).await?;
    customers::update(transaction, &[of_root], hand.now).await?;
    let homes_back = homes(transaction, merge.absorbed).await?;
    let back = row(transaction, merge.absorbed, &homes_back, version).await?;
    customers::insert(transaction, &[back], hand.now).await?;
    let sql = "UPDATE customer SET created_at = $1 WHERE customer_id = $2";
    execute(transaction, sql, [created_at.into(), merge.absorbed.0.into()]).await?;
    let position = tell(transaction, root, merge.absorbed, hand).await?;
    Ok(Undone {
        merge: find(transaction, merge_id).await?,
        customer: load(transaction, root).await?,
        restored: load(transaction, merge.absorbed).await?,
        position,
    })
}

/// Both customers, kept from others: each exists, is part of no other, and is as it was seen.
async fn locked(transaction: &Transaction, new: &NewMerge<'_>) -> Result<(Model, Model), Error> {
    let ids = [new.survivor, new.absorbed];
    let merged = survivors(transaction, &ids.map(|id| id.0)).await?;
    let mut found = customers::lock(transaction, &ids.map(|id| id.0)).await?;
    let mut take = |id: CustomerId, version: Option<i64>| {
        if let Some((root, _)) = merged.get(&id.0) {
            let root = CustomerId(*root);
            return Err(Error::Refused {
                condition: "CUSTOMER_NOT_MERGED",
                subject: id.to_string(),
                description: format!("{id} is merged into {root}: name {root} in its place"),
            });
        }
        let place = found.iter().position(|row| row.customer_id == id.0);
        let place = place.ok_or_else(|| Error::not_found("customer", id))?;
        let row = found.swap_remove(place);
        match version.is_none_or(|version| version == row.version) {
            true => Ok(row),
            false => Err(Error::EtagMismatch { name: id.to_string() }),
        }
    };
    Ok((take(ids[0], new.survivor_version)?, take(ids[1], new.absorbed_version)?))
}

async fn insert(
    transaction: &Transaction,
    new: &NewMerge<'_>,
    absorbed: &Model,
    hand: &Hand<'_>,
) -> Result<i64, Error> {
    let today = Days::load(transaction, hand.now).await?.today();
    let sql = "INSERT INTO customer_merge (absorbed_id, survivor_id, root_id, reason, merged_by, \
               merged_at, merged_on, created_at) VALUES ($1, $2, $2, $3, $4, $5, $6, $7) \
               RETURNING merge_id";
    let values = [
        new.absorbed.0.into(),
        new.survivor.0.into(),
        new.reason.into(),
        hand.by.into(),
        time::micros(hand.now).into(),
        time::days(today).into(),
        absorbed.created_at.into(),
    ];
    let merge_id = super::numbers(transaction, sql, values).await?;
    merge_id.first().copied().ok_or_else(|| Error::Corrupt("a merge has no number".to_owned()))
}

/// Notes that a merge is undone; when the customer that was absorbed first appeared.
async fn mark(
    transaction: &Transaction,
    merge_id: i64,
    reason: &str,
    hand: &Hand<'_>,
) -> Result<i64, Error> {
    let today = Days::load(transaction, hand.now).await?.today();
    let sql = "UPDATE customer_merge SET root_id = NULL, undo_reason = $1, undone_by = $2, \
               undone_at = $3, undone_on = $4 WHERE merge_id = $5 RETURNING created_at";
    let values = [
        reason.into(),
        hand.by.into(),
        time::micros(hand.now).into(),
        time::days(today).into(),
        merge_id.into(),
    ];
    let created_at = super::numbers(transaction, sql, values).await?;
    created_at.first().copied().ok_or_else(|| Error::not_found("merge", name(merge_id)))
}

/// The customers that are merged into `part`, which is no more part of `root`, however far down.
async fn below(
    transaction: &Transaction,
    root: CustomerId,
    part: CustomerId,
) -> Result<Vec<i64>, Error> {
    let backend = transaction.get_database_backend();
    let sql = "SELECT absorbed_id, survivor_id FROM customer_merge WHERE root_id = $1";
    let statement = Statement::from_sql_and_values(backend, sql, [root.0.into()]);
    let mut children: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
    for row in transaction.query_all_raw(statement).await? {
        children.entry(row.try_get_by_index(1)?).or_default().push(row.try_get_by_index(0)?);
    }
    let (mut found, mut next) = (BTreeSet::new(), vec![part.0]);
    while let Some(id) = next.pop() {
        for child in children.remove(&id).unwrap_or_default() {
            found.insert(child);
            next.push(child);
        }
    }
    Ok(found.into_iter().collect())
}

/// The values of a customer and of those that are merged into it.
async fn homes(transaction: &Transaction, customer: CustomerId) -> Result<Homes, Error> {
    let mut loaded = values::load(transaction, &[customer.0]).await?;
    Ok(loaded.remove(&customer).unwrap_or_default())
}

/// The row of a customer, as its values have it.
async fn row(
    transaction: &Transaction,
    id: CustomerId,
    homes: &Homes,
    version: i64,
) -> Result<Row, Error> {
    let calendar = Days::calendar_of(transaction).await?;
    let values = values::together(homes, &calendar)?;
    let mut profile = Profile::default();
    for (field, values) in values.iter() {
        profile.set(field, values.last().and_then(|value| value.value.clone()));
    }
    Ok(Row { id, profile, version, moved_on: values::moved_on(&values) })
}

/// Tells the change log that two customers are others, on all days.
async fn tell(
    transaction: &Transaction,
    one: CustomerId,
    other: CustomerId,
    hand: &Hand<'_>,
) -> Result<Position, Error> {
    let change = NewChange {
        topic: Topic::Facts,
        customers: vec![one, other],
        first_day: FIRST_DAY,
        last_day: NO_DAY,
        as_of: None,
        recorded_at: hand.now,
        cause: None,
    };
    change_log::append(transaction, &change).await
}

async fn find(transaction: &Transaction, merge_id: i64) -> Result<Merge, Error> {
    let backend = transaction.get_database_backend();
    let sql = format!("SELECT {COLUMNS} FROM customer_merge WHERE merge_id = $1");
    let statement = Statement::from_sql_and_values(backend, sql, [merge_id.into()]);
    let row = transaction.query_one_raw(statement).await?;
    decode(&row.ok_or_else(|| Error::not_found("merge", name(merge_id)))?)
}

async fn load(transaction: &Transaction, id: CustomerId) -> Result<Customer, Error> {
    customers::load(transaction, id).await?.ok_or_else(|| gone(id))
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

fn name(merge_id: i64) -> String {
    format!("merges/{merge_id}")
}

fn gone(id: CustomerId) -> Error {
    Error::Corrupt(format!("{id} stands for others and does not exist"))
}
