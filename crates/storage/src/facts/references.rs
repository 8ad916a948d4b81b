//! What tells customers apart whatever their numbers are.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use kehu_core::{CustomerId, Reference};

use super::{CustomerSet, slice};
use crate::bulk::{Column, ColumnType};
use crate::{Database, Error};

const SQL: &str = "SELECT customer_id, name, external_id FROM customer_reference \
                   JOIN source ON source.source_id = customer_reference.source_id \
                   WHERE {customers}";

const COLUMNS: [(&str, ColumnType); 3] = [
    ("customer_id", ColumnType::I64),
    ("name", ColumnType::Text),
    ("external_id", ColumnType::Text),
];

/// The first reference of each customer of the set: the least of all that lead to it.
pub async fn first_references(
    db: &Database,
    set: &CustomerSet,
) -> Result<HashMap<CustomerId, Reference>, Error> {
    let mut first: HashMap<CustomerId, Reference> = HashMap::new();
    for slice in slice::to_read(db, set).await? {
        let columns = slice.read(db, SQL, &[], &COLUMNS).await?;
        let [Column::I64(ids), Column::Text(sources), Column::Text(keys)] = columns else {
            return Err(slice::wrong_types());
        };
        for (id, (source, external_id)) in ids.into_iter().zip(sources.into_iter().zip(keys)) {
            let reference = Reference { source, external_id };
            match first.entry(CustomerId(id)) {
                Entry::Vacant(place) => drop(place.insert(reference)),
                Entry::Occupied(mut held) if reference < *held.get() => {
                    held.insert(reference);
                }
                Entry::Occupied(_) => {}
            }
        }
    }
    Ok(first)
}
