use std::collections::BTreeMap;

use chrono::NaiveDate;
use kehu_core::CustomerId;

use super::{CustomerSet, slice};
use crate::bulk::{Column, ColumnType};
use crate::ingestion::profile::attribute_of;
use crate::ingestion::values::{self, Values};
use crate::{Database, Error, document, time};

/// Values of attributes, one a place, by customer and attribute.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AttributeColumns {
    /// The number of the customer.
    pub customer_id: Vec<i64>,
    /// The id of the attribute.
    pub attribute: Vec<String>,
    /// Its value, in the form in which those of its type are kept; never empty.
    pub value: Vec<String>,
}

const SQL: &str = "SELECT customer_id, attributes, moved_on FROM customer \
                   WHERE {customers} ORDER BY customer_id";

const COLUMNS: [(&str, ColumnType); 3] = [
    ("customer_id", ColumnType::I64),
    ("attributes", ColumnType::Text),
    ("moved_on", ColumnType::OptI32),
];

/// The attributes of the customers of the set on the day `through`; before the first day of which
/// the value of one is known it is that of then.
pub async fn attributes(
    db: &Database,
    set: &CustomerSet,
    through: NaiveDate,
) -> Result<AttributeColumns, Error> {
    let day = time::days(through);
    let mut columns = AttributeColumns::default();
    for slice in slice::to_read(db, set).await? {
        let read = slice.read(db, SQL, &[], &COLUMNS).await?;
        let [Column::I64(ids), Column::Text(held), Column::OptI32(moved_on)] = read else {
            return Err(slice::wrong_types());
        };
        let moved = ids.iter().zip(moved_on);
        let moved = moved.filter(|(_, moved_on)| moved_on.is_some_and(|moved_on| moved_on > day));
        let moved: Vec<i64> = moved.map(|(id, _)| *id).collect();
        let former = values::load_read_by_features(db.reader(), &moved).await?;
        for (id, held) in ids.into_iter().zip(held) {
            match former.get(&CustomerId(id)) {
                Some(values) => columns.add_former(id, values, day),
                None => columns.add(id, document::read(&held)?),
            }
        }
    }
    Ok(columns)
}

impl AttributeColumns {
    fn add(&mut self, customer: i64, held: BTreeMap<String, String>) {
        for (attribute, value) in held {
            self.push(customer, attribute, value);
        }
    }

    /// What a customer had on a day, in the order of the names of its fields.
    fn add_former(&mut self, customer: i64, values: &Values, day: i32) {
        for (field, values) in values {
            let Some(attribute) = attribute_of(field) else { continue };
            let value = values::on(values, day).and_then(|value| value.value.clone());
            if let Some(value) = value {
                self.push(customer, attribute.to_owned(), value);
            }
        }
    }

    /// Adds a value, of a customer that is none before the last one; an empty one is none.
    pub fn push(&mut self, customer: i64, attribute: String, value: String) {
        if value.is_empty() {
            return;
        }
        self.customer_id.push(customer);
        self.attribute.push(attribute);
        self.value.push(value);
    }
}
