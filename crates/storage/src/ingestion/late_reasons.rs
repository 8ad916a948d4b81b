//! Reasons of late payment, and which of them are excused: reference data that an enterprise may
//! change, a row a change. Facts and reports read from it what holds on a day.

use chrono::{DateTime, NaiveDate, Utc};
use kehu_core::CustomerId;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, Statement,
};

use super::city_tiers::announce;
use super::entity::late_reason::{ActiveModel, Column, Entity, Model};
use crate::change_log::Position;
use crate::definitions::Signed;
use crate::{Database, Error, Page, PageRequest, Transaction, dialect, time};

/// Whether a reason is excused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LateReason {
    /// The reason, as invoices have it.
    pub late_reason: String,
    /// What is late for it is left out of what is measured of payment in time.
    pub excused: bool,
    /// The business date from which on that holds.
    pub from: NaiveDate,
    /// Why.
    pub reason: String,
}

/// A change of a reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// Its number among those of the reason: 1, 2, 3 …
    pub version: i64,
    /// What holds since.
    pub now: LateReason,
    /// When it was made.
    pub at: DateTime<Utc>,
    /// By whom, by the name that sign-on knows.
    pub by: Option<String>,
}

/// What a change came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// The last change of the reason, which is an earlier one when nothing changed.
    pub last: Changed,
    /// Customers who are evaluated again.
    pub customers: u64,
    /// The place of that in the change log, if there are any.
    pub position: Option<Position>,
}

/// Says from when on a reason is excused, or is not any more, and tells of the customers with invoices
/// of it. The same as its last change says changes nothing.
pub async fn set_late_reason(
    db: &Database,
    wanted: &LateReason,
    signed: &Signed,
) -> Result<Done, Error> {
    let transaction = db.begin().await?;
    dialect::change_late_reasons(&transaction).await?;
    let held = Entity::find()
        .filter(Column::LateReason.eq(&wanted.late_reason))
        .order_by_desc(Column::Version)
        .one(&transaction)
        .await?;
    let held = held.map(Changed::try_from).transpose()?;
    let same = |held: &&Changed| (held.now.excused, held.now.from) == (wanted.excused, wanted.from);
    if let Some(last) = held.as_ref().filter(same) {
        return Ok(Done { last: last.clone(), customers: 0, position: None });
    }
    let version = held.map_or(0, |held| held.version) + 1;
    let last = insert(&transaction, wanted, version, signed).await?;
    let customers = customers_of(&transaction, &wanted.late_reason).await?;
    let position = announce(&transaction, &customers, wanted.from, signed).await?;
    transaction.commit().await?;
    Ok(Done { last, customers: u64::try_from(customers.len()).unwrap_or(u64::MAX), position })
}

/// A page of the reasons that invoices have or somebody has changed, in byte order, each with its last
/// change.
pub async fn list_late_reasons(
    db: &Database,
    page: &PageRequest<String>,
) -> Result<Page<(String, Option<Changed>), String>, Error> {
    let backend = db.reader().get_database_backend();
    let sql = format!(
        "SELECT late_reason FROM (SELECT late_reason FROM late_reason UNION \
         SELECT late_reason FROM invoice WHERE late_reason IS NOT NULL \
         AND superseded_at IS NULL) AS every WHERE late_reason > $1 \
         ORDER BY late_reason LIMIT {}",
        page.fetch()
    );
    let after = page.after.clone().unwrap_or_default();
    let statement = Statement::from_sql_and_values(backend, sql, [after.into()]);
    let mut names: Vec<String> = Vec::new();
    for row in db.reader().query_all_raw(statement).await? {
        names.push(row.try_get_by_index(0)?);
    }
    let changes = Entity::find()
        .filter(Column::LateReason.is_in(&names))
        .order_by_desc(Column::Version)
        .all(db.reader())
        .await?;
    let mut listed = Vec::with_capacity(names.len());
    for name in names {
        let last = changes.iter().find(|change| change.late_reason == name);
        let last = last.cloned().map(Changed::try_from).transpose()?;
        listed.push((name, last));
    }
    Ok(Page::of(page, listed, |(name, _)| name.clone()))
}

async fn insert(
    transaction: &Transaction,
    wanted: &LateReason,
    version: i64,
    signed: &Signed,
) -> Result<Changed, Error> {
    let row = ActiveModel {
        late_reason: Set(wanted.late_reason.clone()),
        version: Set(version),
        excused: Set(i32::from(wanted.excused)),
        from_day: Set(time::days(wanted.from)),
        reason: Set(wanted.reason.clone()),
        changed_at: Set(time::micros(signed.at)),
        changed_by: Set(signed.by.clone()),
    };
    Entity::insert(row).exec_without_returning(transaction).await?;
    let (at, by) = (signed.at, signed.by.clone());
    Ok(Changed { version, now: wanted.clone(), at, by })
}

/// Who has an invoice of the reason.
async fn customers_of(transaction: &Transaction, name: &str) -> Result<Vec<CustomerId>, Error> {
    let backend = transaction.get_database_backend();
    let sql = "SELECT DISTINCT customer_id FROM invoice WHERE late_reason = $1 \
               AND superseded_at IS NULL ORDER BY customer_id";
    let statement = Statement::from_sql_and_values(backend, sql, [name.into()]);
    let mut found = Vec::new();
    for row in transaction.query_all_raw(statement).await? {
        found.push(CustomerId(row.try_get_by_index(0)?));
    }
    Ok(found)
}

impl TryFrom<Model> for Changed {
    type Error = Error;

    fn try_from(row: Model) -> Result<Self, Error> {
        let now = LateReason {
            late_reason: row.late_reason,
            excused: row.excused == 1,
            from: time::date(row.from_day)?,
            reason: row.reason,
        };
        Ok(Self {
            version: row.version,
            now,
            at: time::instant(row.changed_at)?,
            by: row.changed_by,
        })
    }
}
