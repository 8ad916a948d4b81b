//! Who is due for a code and got none, until they get one or are no longer due.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use kehu_core::CustomerId;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::super::customers::{self, ROWS_AT_ONCE};
use super::super::entity::code_left_out::{Column, Entity, Model};
use crate::bulk::{self, OnConflict};
use crate::facts::CustomerSet;
use crate::{Database, Error, Page, PageRequest, Transaction, time};

/// A customer that got no code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// Who.
    pub customer: CustomerId,
    /// Why, for people.
    pub reason: String,
    /// The date the code was due for.
    pub as_of: NaiveDate,
    /// When it was noted.
    pub recorded_at: DateTime<Utc>,
    /// The run that left it out; `None` when it followed from a change.
    pub run_id: Option<i64>,
}

impl TryFrom<Model> for LeftOut {
    type Error = Error;

    fn try_from(row: Model) -> Result<Self, Error> {
        Ok(Self {
            customer: CustomerId(row.customer_id),
            reason: row.reason,
            as_of: time::date(row.as_of)?,
            recorded_at: time::instant(row.created_at)?,
            run_id: row.run_id,
        })
    }
}

/// Those of the customers that are noted under the scheme, ascending.
pub async fn left_out_of(
    db: &Database,
    scheme: &str,
    customers: &CustomerSet,
) -> Result<Vec<CustomerId>, Error> {
    let mut noted = Vec::new();
    for condition in customers::conditions(customers, Column::CustomerId) {
        let ids: Vec<i64> = Entity::find()
            .select_only()
            .column(Column::CustomerId)
            .filter(Column::SchemeId.eq(scheme))
            .filter(condition)
            .order_by_asc(Column::CustomerId)
            .into_tuple()
            .all(db.reader())
            .await?;
        noted.extend(ids.into_iter().map(CustomerId));
    }
    Ok(noted)
}

/// Lists those who got no code under the scheme, by customer; only those that a run left out,
/// when one is named. The key of a page is a customer id.
pub async fn list_left_out(
    db: &Database,
    scheme: &str,
    run_id: Option<i64>,
    page: &PageRequest,
) -> Result<Page<LeftOut>, Error> {
    let mut query = Entity::find().filter(Column::SchemeId.eq(scheme));
    if let Some(run_id) = run_id {
        query = query.filter(Column::RunId.eq(run_id));
    }
    if let Some(after) = page.after {
        query = query.filter(Column::CustomerId.gt(after));
    }
    let rows = query.order_by_asc(Column::CustomerId).limit(page.fetch()).all(db.reader()).await?;
    Page::of(page, rows, |row| row.customer_id).try_map(TryInto::try_into)
}

/// How many got no code, by the id of the scheme; schemes that leave nobody out are not there.
pub async fn count_left_out(db: &Database) -> Result<BTreeMap<String, i64>, Error> {
    let counted: Vec<(String, i64)> = Entity::find()
        .select_only()
        .column(Column::SchemeId)
        .column_as(Column::CustomerId.count(), "customers")
        .group_by(Column::SchemeId)
        .into_tuple()
        .all(db.reader())
        .await?;
    Ok(counted.into_iter().collect())
}

/// Notes who got no code now, and forgets the others among `looked_at`.
pub async fn leave_out(
    transaction: &Transaction,
    scheme: &str,
    looked_at: &[CustomerId],
    left_out: &[LeftOut],
) -> Result<(), Error> {
    let noted = left_out.iter().map(|one| one.customer);
    let forgotten: Vec<i64> =
        looked_at.iter().copied().chain(noted).map(|customer| customer.0).collect();
    for customers in forgotten.chunks(ROWS_AT_ONCE) {
        Entity::delete_many()
            .filter(Column::SchemeId.eq(scheme))
            .filter(Column::CustomerId.is_in(customers.iter().copied()))
            .exec(transaction)
            .await?;
    }
    let rows = left_out.len();
    let columns = [
        ("scheme_id", bulk::Column::Text(vec![scheme.to_owned(); rows])),
        ("customer_id", bulk::Column::I64(left_out.iter().map(|one| one.customer.0).collect())),
        ("reason", bulk::Column::Text(left_out.iter().map(|one| one.reason.clone()).collect())),
        ("as_of", bulk::Column::I32(left_out.iter().map(|one| time::days(one.as_of)).collect())),
        (
            "created_at",
            bulk::Column::I64(left_out.iter().map(|one| time::micros(one.recorded_at)).collect()),
        ),
        ("run_id", bulk::Column::OptI64(left_out.iter().map(|one| one.run_id).collect())),
    ];
    bulk::insert(transaction, "code_left_out", &columns, OnConflict::Fail).await?;
    Ok(())
}
