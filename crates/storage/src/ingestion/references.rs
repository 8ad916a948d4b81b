//! From a source's keys to customers, for a whole batch at a time.

use std::collections::HashMap;

use kehu_core::{CustomerId, key};
use sea_orm::{ConnectionTrait, Statement};

use super::CUSTOMER_NUMBER;
use crate::bulk::{self, Column, ColumnType, OnConflict};
use crate::{Error, Transaction, dialect};

/// The customers that some keys of a source lead to.
#[derive(Debug, Default)]
pub(super) struct Resolved {
    by_key: HashMap<String, CustomerId>,
    /// Of keys of customers that are merged into others, those customers.
    absorbed: HashMap<String, CustomerId>,
    /// The customers that are to be created, ascending.
    pub(super) new: Vec<CustomerId>,
}

impl Resolved {
    /// The customer of a key that was among those resolved.
    pub(super) fn customer(&self, external_id: &str) -> CustomerId {
        self.by_key[external_id]
    }

    /// The customer that the key was first linked to, where that one is merged into the customer
    /// that it leads to.
    pub(super) fn absorbed(&self, external_id: &str) -> Option<CustomerId> {
        self.absorbed.get(external_id).copied()
    }

    /// The customer that the key was first linked to: what comes by it stays with that one, should
    /// a merge be undone.
    pub(super) fn home(&self, external_id: &str) -> CustomerId {
        self.absorbed(external_id).unwrap_or_else(|| self.customer(external_id))
    }
}

/// Where a key of a source leads.
#[derive(Debug, Clone, Copy)]
pub(super) struct Led {
    pub(super) customer: CustomerId,
    /// The customer that the key was first linked to.
    pub(super) home: CustomerId,
}

/// Finds the customers of `external_ids`, and links those keys that lead nowhere to customers that
/// the caller creates, with numbers in the order of the keys. A key that another transaction is
/// linking is waited for, and then leads where it leads.
pub(super) async fn resolve(
    transaction: &Transaction,
    source_id: i64,
    external_ids: &[&str],
) -> Result<Resolved, Error> {
    let mut resolved = Resolved::default();
    find(transaction, source_id, external_ids, &mut resolved).await?;
    link_missing(transaction, source_id, external_ids, resolved).await
}

/// The same for keys that were seen to lead nowhere.
pub(super) async fn link_new(
    transaction: &Transaction,
    source_id: i64,
    external_ids: &[&str],
) -> Result<Resolved, Error> {
    link_missing(transaction, source_id, external_ids, Resolved::default()).await
}

/// The number of a source, if there is one, and where a key of it leads.
pub(super) async fn find_one(
    connection: &impl ConnectionTrait,
    source: &str,
    external_id: &str,
) -> Result<(Option<i64>, Option<Led>), Error> {
    let sql = "SELECT s.source_id, r.customer_id, r.absorbed_id FROM source s LEFT JOIN customer_reference r \
               ON r.source_id = s.source_id AND r.external_id = $2 WHERE s.name = $1";
    let values = [source.into(), external_id.into()];
    let backend = connection.get_database_backend();
    let statement = Statement::from_sql_and_values(backend, sql, values);
    let Some(row) = connection.query_one_raw(statement).await? else { return Ok((None, None)) };
    let (customer, absorbed): (Option<i64>, Option<i64>) =
        (row.try_get_by_index(1)?, row.try_get_by_index(2)?);
    let led = |customer| Led {
        customer: CustomerId(customer),
        home: CustomerId(absorbed.unwrap_or(customer)),
    };
    Ok((Some(row.try_get_by_index(0)?), customer.map(led)))
}

async fn link_missing(
    transaction: &Transaction,
    source_id: i64,
    external_ids: &[&str],
    mut resolved: Resolved,
) -> Result<Resolved, Error> {
    let missing = resolved.missing(external_ids);
    if missing.is_empty() {
        return Ok(resolved);
    }
    let numbers = dialect::draw(transaction.inner(), CUSTOMER_NUMBER, missing.len()).await?;
    let mut links: Vec<(&str, i64)> = missing.iter().copied().zip(numbers).collect();
    // Two transactions that link the same keys do so in the same order, and cannot block each other.
    links.sort_unstable();
    let linked = link(transaction, source_id, &links).await?;
    if usize::try_from(linked).is_ok_and(|linked| linked == links.len()) {
        let customers = links.iter().map(|(key, id)| ((*key).to_owned(), CustomerId(*id)));
        resolved.by_key.extend(customers);
    } else {
        find(transaction, source_id, &missing, &mut resolved).await?;
    }
    for (key, id) in links {
        if resolved.customer(key).0 == id {
            resolved.new.push(CustomerId(id));
        }
    }
    resolved.new.sort_unstable();
    Ok(resolved)
}

/// Links keys that lead nowhere; returns how many, the others were linked meanwhile.
async fn link(
    transaction: &Transaction,
    source_id: i64,
    links: &[(&str, i64)],
) -> Result<u64, Error> {
    let columns = [
        ("source_id", Column::I64(vec![source_id; links.len()])),
        ("external_id", Column::Text(links.iter().map(|(key, _)| (*key).to_owned()).collect())),
        ("look", Column::Text(links.iter().map(|(key, _)| key::look(key)).collect())),
        ("customer_id", Column::I64(links.iter().map(|(_, customer)| *customer).collect())),
    ];
    bulk::insert(transaction, "customer_reference", &columns, OnConflict::Ignore).await
}

impl Resolved {
    fn missing<'a>(&self, external_ids: &[&'a str]) -> Vec<&'a str> {
        let missing = external_ids.iter().filter(|key| !self.by_key.contains_key(**key));
        missing.copied().collect()
    }
}

async fn find(
    transaction: &Transaction,
    source_id: i64,
    external_ids: &[&str],
    resolved: &mut Resolved,
) -> Result<(), Error> {
    if external_ids.is_empty() {
        return Ok(());
    }
    let backend = transaction.get_database_backend();
    let key = "source_id = $1 AND external_id = wanted";
    let from = dialect::from_each(backend, 2, "customer_reference", key);
    let sql = format!("SELECT external_id, customer_id, absorbed_id {from}");
    let columns = [
        ("external_id", ColumnType::Text),
        ("customer_id", ColumnType::I64),
        ("absorbed_id", ColumnType::OptI64),
    ];
    let values = vec![source_id.into(), dialect::text_array(backend, external_ids)];
    let read = bulk::read(transaction, &sql, values, &columns).await?;
    let Ok([Column::Text(keys), Column::I64(customers), Column::OptI64(absorbed)]) =
        <[Column; 3]>::try_from(read)
    else {
        return Err(Error::Corrupt("references have columns of other types".to_owned()));
    };
    for (key, absorbed) in keys.iter().zip(absorbed) {
        if let Some(absorbed) = absorbed {
            resolved.absorbed.insert(key.clone(), CustomerId(absorbed));
        }
    }
    resolved.by_key.extend(keys.into_iter().zip(customers.into_iter().map(CustomerId)));
    Ok(())
}
