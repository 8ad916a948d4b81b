//! Keys of customers that look the same and are kept apart.

use sea_orm::{ConnectionTrait, Statement};

use super::sources::Names;
use crate::{Database, Error, Page, PageRequest};

/// Keys of a source that differ in case or in the width of their letters alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lookalikes {
    /// The place in the list.
    pub key: LookKey,
    /// The source.
    pub source: String,
    /// The first of them in byte order, and the last.
    pub ends: [String; 2],
    /// How many there are, at least 2.
    pub count: i64,
}

/// The place of keys among those that look the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LookKey {
    /// The number of the source.
    pub source_id: i64,
    /// What all of them look like.
    pub look: String,
}

/// A page of them, by the number of the source and the look.
pub async fn list_lookalikes(
    db: &Database,
    page: &PageRequest<LookKey>,
) -> Result<Page<Lookalikes, LookKey>, Error> {
    let mut values = Vec::new();
    let mut after = "";
    if let Some(key) = &page.after {
        values = vec![key.source_id.into(), key.look.as_str().into()];
        after = "WHERE (source_id, look) > ($1, $2)";
    }
    let sql = format!(
        "SELECT source_id, look, MIN(external_id), MAX(external_id), COUNT(*) \
         FROM customer_reference {after} GROUP BY source_id, look \
         HAVING COUNT(*) > 1 ORDER BY source_id, look LIMIT {}",
        page.fetch()
    );
    let backend = db.reader().get_database_backend();
    let statement = Statement::from_sql_and_values(backend, sql, values);
    let rows = db.reader().query_all_raw(statement).await?;
    if rows.is_empty() {
        return Ok(Page { items: Vec::new(), next: None });
    }
    let names = Names::load(db.reader()).await?;
    let mut items = Vec::with_capacity(rows.len());
    for row in rows {
        let key = LookKey { source_id: row.try_get_by_index(0)?, look: row.try_get_by_index(1)? };
        items.push(Lookalikes {
            source: names.get(key.source_id)?,
            key,
            ends: [row.try_get_by_index(2)?, row.try_get_by_index(3)?],
            count: row.try_get_by_index(4)?,
        });
    }
    Ok(Page::of(page, items, |found| found.key.clone()))
}
