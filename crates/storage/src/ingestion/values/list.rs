//! The values of a customer, for those who ask.

use std::cmp::Reverse;

use chrono::{DateTime, NaiveDate, Utc};
use kehu_core::CustomerId;
use sea_orm::{ConnectionTrait, Statement};

use super::Value;
use crate::business_date::Days;
use crate::ingestion::{merges, sources::Names};
use crate::{Database, Error, Page, PageRequest, time};

/// A value that a source gave to a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldValue {
    /// The field: its name in the contract, or `attributes.` and the key of an attribute.
    pub field: String,
    /// The value; `None` when the field was emptied.
    pub value: Option<String>,
    /// The name of its source.
    pub source: String,
    /// When its source changed the field to it; when it came, where the source did not say.
    pub said_at: DateTime<Utc>,
    /// When its source said it last.
    pub last_said_at: DateTime<Utc>,
    /// The business date from which on it holds.
    pub said_on: NaiveDate,
    /// When it came.
    pub recorded_at: DateTime<Utc>,
    /// Until when it held as the value of the field; when it came, for one that never did; `None`
    /// while it holds.
    pub superseded_at: Option<DateTime<Utc>>,
    /// Its place.
    pub key: ValueKey,
}

/// The place of a value in the list of those of a customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValueKey {
    /// The field.
    pub field: String,
    /// When it was said, in microseconds; falls.
    pub said_at: i64,
    /// The version of the customer; falls.
    pub version: i64,
}

/// A page of the values of a customer: by field, of each the one that was said last at its source
/// first. Only those of one `field`, if it is given; with `standing` only those that hold.
pub async fn list_values(
    db: &Database,
    customer: CustomerId,
    field: Option<&str>,
    standing: bool,
    page: &PageRequest<ValueKey>,
) -> Result<Page<FieldValue, ValueKey>, Error> {
    if !merges::absorbed_in(db.reader(), &[customer.0]).await?.is_empty() {
        return list_together(db, customer, field, standing, page).await;
    }
    let start = ValueKey { field: String::new(), said_at: 0, version: 0 };
    let after = page.after.as_ref().unwrap_or(&start);
    let mut sql = "SELECT field, value, source_id, said_at, version, last_said_at, said_on, \
                   recorded_at, superseded_at FROM profile_value WHERE customer_id = $1 \
                   AND (field > $2 OR field = $2 AND (said_at < $3 \
                   OR said_at = $3 AND version < $4))"
        .to_owned();
    let mut values = vec![
        customer.0.into(),
        after.field.as_str().into(),
        after.said_at.into(),
        after.version.into(),
    ];
    if let Some(field) = field {
        values.push(field.into());
        sql.push_str(" AND field = $5");
    }
    if standing {
        sql.push_str(" AND superseded_at IS NULL AND value IS NOT NULL");
    }
    let order = " ORDER BY field, said_at DESC, version DESC LIMIT";
    sql.push_str(&format!("{order} {}", page.fetch()));
    let statement = Statement::from_sql_and_values(db.reader().get_database_backend(), sql, values);
    let rows = db.reader().query_all_raw(statement).await?;
    let names = Names::load(db.reader()).await?;
    let mut items = Vec::with_capacity(rows.len());
    for row in &rows {
        let (said_at, field): (i64, String) =
            (row.try_get("", "said_at")?, row.try_get("", "field")?);
        let superseded_at: Option<i64> = row.try_get("", "superseded_at")?;
        items.push(FieldValue {
            value: row.try_get("", "value")?,
            source: names.get(row.try_get("", "source_id")?)?,
            said_at: time::instant(said_at)?,
            last_said_at: time::instant(row.try_get("", "last_said_at")?)?,
            said_on: time::date(row.try_get("", "said_on")?)?,
            recorded_at: time::instant(row.try_get("", "recorded_at")?)?,
            superseded_at: superseded_at.map(time::instant).transpose()?,
            key: ValueKey { field: field.clone(), said_at, version: row.try_get("", "version")? },
            field,
        });
    }
    Ok(Page::of(page, items, |value| value.key.clone()))
}

/// The same of customers that are merged into one: what was said of all of them, as of one.
async fn list_together(
    db: &Database,
    customer: CustomerId,
    field: Option<&str>,
    standing: bool,
    page: &PageRequest<ValueKey>,
) -> Result<Page<FieldValue, ValueKey>, Error> {
    let homes = super::load(db.reader(), &[customer.0]).await?.remove(&customer);
    let homes = homes.unwrap_or_default();
    let calendar = Days::calendar_of(db.reader()).await?;
    let all = super::together(&homes, &calendar)?;
    let names = Names::load(db.reader()).await?;
    let mut items = Vec::new();
    for (name, values) in all.iter().filter(|(name, _)| field.is_none_or(|field| field == *name)) {
        // Numbered in their order, because several may be of one time and version.
        let count = i64::try_from(values.len()).unwrap_or(i64::MAX);
        for (behind, value) in (0..).zip(values.iter().rev()) {
            let holds = value.superseded_at.is_none() && value.value.is_some();
            let key =
                ValueKey { field: name.clone(), said_at: value.said_at, version: count - behind };
            if (holds || !standing) && page.after.as_ref().is_none_or(|after| follows(&key, after))
            {
                items.push(field_value(value, key, &names)?);
            }
        }
    }
    let fetch = usize::try_from(page.fetch()).unwrap_or(usize::MAX);
    items.truncate(fetch);
    Ok(Page::of(page, items, |value| value.key.clone()))
}

/// Fields rise, times and versions of one fall.
fn follows(key: &ValueKey, after: &ValueKey) -> bool {
    let place = |key: &ValueKey| (Reverse(key.said_at), Reverse(key.version));
    (&key.field, place(key)) > (&after.field, place(after))
}

fn field_value(value: &Value, key: ValueKey, names: &Names) -> Result<FieldValue, Error> {
    Ok(FieldValue {
        field: key.field.clone(),
        value: value.value.clone(),
        source: names.get(value.source_id)?,
        said_at: time::instant(value.said_at)?,
        last_said_at: time::instant(value.last_said_at)?,
        said_on: time::date(value.said_on)?,
        recorded_at: time::instant(value.recorded_at)?,
        superseded_at: value.superseded_at.map(time::instant).transpose()?,
        key,
    })
}
