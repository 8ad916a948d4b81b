//! The same request id, the same answer: a client may repeat a call it heard nothing of.

use chrono::{DateTime, Utc};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter};

use crate::entity::request;
use crate::{Database, Error, Transaction, time};

/// What is known of a request id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known {
    /// Nothing: do the work.
    Fresh,
    /// The request was answered with these bytes: answer the same.
    Replay(Vec<u8>),
    /// The id was used for another request: refuse.
    Reused,
}

/// What is known of `request_id` for a call of `method` whose request has this `digest`.
pub async fn find(
    db: &Database,
    request_id: &str,
    method: &str,
    digest: &str,
) -> Result<Known, Error> {
    let row = request::Entity::find_by_id(request_id.to_owned()).one(db.reader()).await?;
    Ok(match row {
        None => Known::Fresh,
        Some(row) if row.method == method && row.digest == digest => Known::Replay(row.response),
        Some(_) => Known::Reused,
    })
}

/// An answer to keep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer<'a> {
    /// The id the client gave.
    pub request_id: &'a str,
    /// The full name of the method.
    pub method: &'a str,
    /// A digest of the request.
    pub digest: &'a str,
    /// The encoded response.
    pub response: Vec<u8>,
}

/// Keeps the answer, in the transaction of the work itself. [`Error::Conflict`] when the same
/// id was answered meanwhile: call again and find it.
pub async fn remember(
    transaction: &Transaction,
    answer: Answer<'_>,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let row = request::ActiveModel {
        request_id: Set(answer.request_id.to_owned()),
        method: Set(answer.method.to_owned()),
        digest: Set(answer.digest.to_owned()),
        response: Set(answer.response),
        recorded_at: Set(time::micros(now)),
    };
    let inserted = request::Entity::insert(row).exec_without_returning(transaction).await;
    match inserted.map_err(Error::from) {
        Ok(_) => Ok(()),
        Err(Error::AlreadyExists { .. }) => {
            Err(Error::Conflict("the same request is being answered, send it again".to_owned()))
        }
        Err(error) => Err(error),
    }
}

/// Forgets the answers given before `before`; returns how many.
pub async fn purge(db: &Database, before: DateTime<Utc>) -> Result<u64, Error> {
    let transaction = db.begin().await?;
    let deleted = request::Entity::delete_many()
        .filter(request::Column::RecordedAt.lt(time::micros(before)))
        .exec(&transaction)
        .await?;
    transaction.commit().await?;
    Ok(deleted.rows_affected)
}
