use chrono::NaiveDate;

use kehu_core::CustomerId;

use super::{CustomerSet, slice};
use crate::bulk::{Column, ColumnType};
use crate::ingestion::{Field, values};
use crate::{Database, Error, time};

/// Customers, one a place, ascending by id.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CustomerColumns {
    /// The number of the customer.
    pub customer_id: Vec<i64>,
    /// The kind of customer in the enterprise's words.
    pub customer_type: Vec<Option<String>>,
    /// Country, ISO 3166-1 alpha-2.
    pub region_code: Vec<Option<String>>,
    /// Province or state.
    pub province: Vec<Option<String>>,
    /// City.
    pub city: Vec<Option<String>>,
    /// Industry, a GB/T 4754 or ISIC code.
    pub industry_code: Vec<Option<String>>,
    /// First day of the relation, days since 1970-01-01.
    pub registered_on: Vec<Option<i32>>,
}

/// A customer is one from the day it registered or its first order was placed; one of whom
/// neither is known always was.
const SQL: &str = "SELECT customer_id, customer_type, region_code, province, city, \
                   industry_code, registered_on, moved_on \
                   FROM customer WHERE {customers} AND (registered_on <= $1 \
                   OR EXISTS (SELECT 1 FROM sales_order AS o \
                   WHERE o.customer_id = customer.customer_id AND o.superseded_at IS NULL \
                   AND o.ordered_on <= $1) \
                   OR registered_on IS NULL AND NOT EXISTS (SELECT 1 FROM sales_order AS o \
                   WHERE o.customer_id = customer.customer_id \
                   AND o.superseded_at IS NULL)) ORDER BY customer_id";

const COLUMNS: [(&str, ColumnType); 8] = [
    ("customer_id", ColumnType::I64),
    ("customer_type", ColumnType::OptText),
    ("region_code", ColumnType::OptText),
    ("province", ColumnType::OptText),
    ("city", ColumnType::OptText),
    ("industry_code", ColumnType::OptText),
    ("registered_on", ColumnType::OptI32),
    ("moved_on", ColumnType::OptI32),
];

/// Those of the set that were customers on the day `through`, with the profile of that day; before
/// the first day of which the value of a field is known it is that of then.
pub async fn customers(
    db: &Database,
    set: &CustomerSet,
    through: NaiveDate,
) -> Result<CustomerColumns, Error> {
    let mut customers = CustomerColumns::default();
    let values = [time::days(through).into()];
    for slice in slice::to_read(db, set).await? {
        let read = slice.read(db, SQL, &values, &COLUMNS).await?;
        let moved = customers.append(read, time::days(through))?;
        customers.turn_back(db, &moved, time::days(through)).await?;
    }
    Ok(customers)
}

impl CustomerColumns {
    /// Adds customers as they are now; returns the places of those whose profile was another one on
    /// the day.
    fn append(&mut self, columns: [Column; 8], day: i32) -> Result<Vec<usize>, Error> {
        let [
            Column::I64(customer_id),
            Column::OptText(customer_type),
            Column::OptText(region_code),
            Column::OptText(province),
            Column::OptText(city),
            Column::OptText(industry_code),
            Column::OptI32(registered_on),
            Column::OptI32(moved_on),
        ] = columns
        else {
            return Err(slice::wrong_types());
        };
        let places = (self.customer_id.len()..).zip(moved_on);
        let moved = places.filter(|(_, moved_on)| moved_on.is_some_and(|moved_on| moved_on > day));
        let moved = moved.map(|(place, _)| place).collect();
        self.customer_id.extend(customer_id);
        self.customer_type.extend(customer_type);
        self.region_code.extend(region_code);
        self.province.extend(province);
        self.city.extend(city);
        self.industry_code.extend(industry_code);
        self.registered_on.extend(registered_on);
        Ok(moved)
    }

    /// Puts what the customers at these places had on the day in place of what they have now.
    async fn turn_back(&mut self, db: &Database, places: &[usize], day: i32) -> Result<(), Error> {
        let ids: Vec<i64> = places.iter().map(|place| self.customer_id[*place]).collect();
        let values = values::load_read_by_features(db.reader(), &ids).await?;
        for &place in places {
            let Some(values) = values.get(&CustomerId(self.customer_id[place])) else { continue };
            for (field, column) in [
                (Field::CustomerType, &mut self.customer_type),
                (Field::RegionCode, &mut self.region_code),
                (Field::Province, &mut self.province),
                (Field::City, &mut self.city),
                (Field::IndustryCode, &mut self.industry_code),
            ] {
                let held = values.get(field.name()).and_then(|values| values::on(values, day));
                if let Some(held) = held {
                    column[place].clone_from(&held.value);
                }
            }
        }
        Ok(())
    }
}
