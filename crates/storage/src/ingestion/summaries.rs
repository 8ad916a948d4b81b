//! Who customers are, in short.

use std::collections::HashMap;

use kehu_core::{CustomerId, Reference};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

use super::customers::references_of;
use super::entity::customer;
use crate::{Database, Error};

/// What a list shows of a customer beside its number.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// The first of its references.
    pub reference: Option<Reference>,
    /// Its name.
    pub display_name: Option<String>,
    /// Its country.
    pub region_code: Option<String>,
    /// Its city, as given.
    pub city: Option<String>,
    /// Its industry.
    pub industry_code: Option<String>,
}

/// Summaries of those of the customers that there are: of a page, so not more than a statement takes.
pub async fn summaries(
    db: &Database,
    customers: impl IntoIterator<Item = CustomerId>,
) -> Result<HashMap<CustomerId, Summary>, Error> {
    let ids: Vec<i64> = customers.into_iter().map(|customer| customer.0).collect();
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let wanted = customer::Column::CustomerId.is_in(ids);
    let rows = customer::Entity::find().filter(wanted).all(db.reader()).await?;
    let mut references = references_of(db.reader(), &rows).await?;
    let mut found = HashMap::with_capacity(rows.len());
    for row in rows {
        let first = references.remove(&row.customer_id).and_then(|all| all.into_iter().next());
        let summary = Summary {
            reference: first,
            display_name: row.display_name,
            region_code: row.region_code,
            city: row.city,
            industry_code: row.industry_code,
        };
        found.insert(CustomerId(row.customer_id), summary);
    }
    Ok(found)
}
