//! From a source's keys to customers, for a whole batch at a time.

use std::collections::HashMap;

use kehu_core::CustomerId;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

use super::entity::customer_reference;
use super::numbers;
use crate::{Error, Transaction};

/// The customers that some keys of a source lead to.
#[derive(Debug, Default)]
pub(super) struct Resolved {
    by_key: HashMap<String, CustomerId>,
    /// The keys that led nowhere before, in order, with the numbers they were given.
    pub(super) new: Vec<(String, CustomerId)>,
}

impl Resolved {
    /// The customer of a key that was among those resolved.
    pub(super) fn customer(&self, external_id: &str) -> CustomerId {
        self.by_key[external_id]
    }
}

/// Finds the customers of `external_ids` and gives numbers to those that do not exist, in the
/// order of the keys. Writes only the counter.
pub(super) async fn resolve(
    transaction: &Transaction,
    source_id: i64,
    external_ids: &[&str],
) -> Result<Resolved, Error> {
    let mut resolved = Resolved::default();
    find(transaction, source_id, external_ids, &mut resolved).await?;
    let missing = resolved.missing(external_ids);
    if missing.is_empty() {
        return Ok(resolved);
    }
    numbers::lock(transaction).await?;
    find(transaction, source_id, &missing, &mut resolved).await?;
    let missing = resolved.missing(&missing);
    let count = i64::try_from(missing.len()).expect("a batch is small");
    let first = numbers::take(transaction, count).await?;
    for (number, external_id) in (first.0..).zip(missing) {
        resolved.by_key.insert(external_id.to_owned(), CustomerId(number));
        resolved.new.push((external_id.to_owned(), CustomerId(number)));
    }
    Ok(resolved)
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
    let rows = customer_reference::Entity::find()
        .filter(customer_reference::Column::SourceId.eq(source_id))
        .filter(customer_reference::Column::ExternalId.is_in(external_ids.iter().copied()))
        .all(transaction)
        .await?;
    for row in rows {
        resolved.by_key.insert(row.external_id, CustomerId(row.customer_id));
    }
    Ok(())
}
