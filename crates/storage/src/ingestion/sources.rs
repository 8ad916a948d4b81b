//! The systems that records come from.

use std::collections::BTreeMap;

use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};

use super::entity::source;
use crate::{Error, Transaction};

/// The names of all sources.
#[derive(Debug)]
pub(super) struct Names(BTreeMap<i64, String>);

impl Names {
    /// Reads them.
    pub(super) async fn load(connection: &impl ConnectionTrait) -> Result<Self, Error> {
        let rows = source::Entity::find().all(connection).await?;
        Ok(Self(rows.into_iter().map(|row| (row.source_id, row.name)).collect()))
    }

    /// The name of a source that a row mentions.
    pub(super) fn get(&self, source_id: i64) -> Result<String, Error> {
        let name = self.0.get(&source_id).cloned();
        name.ok_or_else(|| Error::Corrupt(format!("source {source_id} is gone")))
    }
}

/// The number of a source, if it exists.
pub(super) async fn find(
    connection: &impl ConnectionTrait,
    name: &str,
) -> Result<Option<i64>, Error> {
    let row = source::Entity::find().filter(source::Column::Name.eq(name)).one(connection).await?;
    Ok(row.map(|row| row.source_id))
}

/// The number of a source, which is created when it is new.
pub(super) async fn number(transaction: &Transaction, name: &str) -> Result<i64, Error> {
    if let Some(source_id) = find(transaction, name).await? {
        return Ok(source_id);
    }
    let row = source::ActiveModel { name: Set(name.to_owned()), ..Default::default() };
    source::Entity::insert(row)
        .on_conflict(OnConflict::column(source::Column::Name).do_nothing().to_owned())
        .exec_without_returning(transaction)
        .await?;
    find(transaction, name)
        .await?
        .ok_or_else(|| Error::Conflict("the source is being created, try again".to_owned()))
}
