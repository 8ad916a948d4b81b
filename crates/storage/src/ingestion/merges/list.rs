//! Merges, for those who ask.

use kehu_core::CustomerId;
use sea_orm::{ConnectionTrait, Statement, Value};

use super::{COLUMNS, Merge, decode};
use crate::ingestion::kinds::TimelineQuery;
use crate::{Database, Error, Page, PageRequest};

/// What a timeline tells of merges: that the customer, or one that is part of it, was merged or was
/// one of its own again.
pub(in crate::ingestion) const TIMELINE: [TimelineQuery; 2] = [
    TimelineQuery::Merge(
        "SELECT merged_at AS happened_at, merge_id AS place, merged_on AS day, 'merge' AS kind, \
         absorbed_id, survivor_id, reason, merged_by AS actor FROM customer_merge \
         WHERE survivor_id = $1 OR absorbed_id = $1 OR root_id = $1",
    ),
    TimelineQuery::Merge(
        "SELECT undone_at AS happened_at, merge_id AS place, undone_on AS day, \
         'merge_undone' AS kind, absorbed_id, survivor_id, undo_reason AS reason, \
         undone_by AS actor FROM customer_merge \
         WHERE (survivor_id = $1 OR absorbed_id = $1) AND undone_at IS NOT NULL",
    ),
];

/// Which merges are meant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MergeFilter {
    /// Those in which this customer was absorbed or survived, or that are part of it now.
    pub customer: Option<CustomerId>,
    /// Those that were undone, too.
    pub undone: bool,
}

/// A page of merges, by number.
pub async fn list_merges(
    db: &Database,
    filter: &MergeFilter,
    page: &PageRequest,
) -> Result<Page<Merge>, Error> {
    let mut sql = format!("SELECT {COLUMNS} FROM customer_merge WHERE merge_id > $1");
    let mut values: Vec<Value> = vec![page.after.unwrap_or(0).into()];
    if let Some(customer) = filter.customer {
        values.push(customer.0.into());
        sql.push_str(" AND (absorbed_id = $2 OR survivor_id = $2 OR root_id = $2)");
    }
    if !filter.undone {
        sql.push_str(" AND undone_at IS NULL");
    }
    sql.push_str(&format!(" ORDER BY merge_id LIMIT {}", page.fetch()));
    let backend = db.reader().get_database_backend();
    let rows = db.reader().query_all_raw(Statement::from_sql_and_values(backend, sql, values));
    let merges = rows.await?.iter().map(decode).collect::<Result<Vec<Merge>, Error>>()?;
    Ok(Page::of(page, merges, |merge| merge.merge_id))
}
