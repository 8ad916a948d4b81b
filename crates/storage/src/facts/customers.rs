use chrono::NaiveDate;

use super::{CustomerSet, slice};
use crate::bulk::{Column, ColumnType};
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
                   industry_code, registered_on \
                   FROM customer WHERE {customers} AND (registered_on <= $1 \
                   OR EXISTS (SELECT 1 FROM sales_order AS o \
                   WHERE o.customer_id = customer.customer_id AND o.superseded_at IS NULL \
                   AND o.ordered_on <= $1) \
                   OR registered_on IS NULL AND NOT EXISTS (SELECT 1 FROM sales_order AS o \
                   WHERE o.customer_id = customer.customer_id \
                   AND o.superseded_at IS NULL)) ORDER BY customer_id";

const COLUMNS: [(&str, ColumnType); 7] = [
    ("customer_id", ColumnType::I64),
    ("customer_type", ColumnType::OptText),
    ("region_code", ColumnType::OptText),
    ("province", ColumnType::OptText),
    ("city", ColumnType::OptText),
    ("industry_code", ColumnType::OptText),
    ("registered_on", ColumnType::OptI32),
];

/// Those of the set that were customers on the day `through`.
pub async fn customers(
    db: &Database,
    set: &CustomerSet,
    through: NaiveDate,
) -> Result<CustomerColumns, Error> {
    let mut customers = CustomerColumns::default();
    let values = [time::days(through).into()];
    for slice in slice::to_read(db, set).await? {
        customers.append(slice.read(db, SQL, &values, &COLUMNS).await?)?;
    }
    Ok(customers)
}

impl CustomerColumns {
    fn append(&mut self, columns: [Column; 7]) -> Result<(), Error> {
        let [
            Column::I64(customer_id),
            Column::OptText(customer_type),
            Column::OptText(region_code),
            Column::OptText(province),
            Column::OptText(city),
            Column::OptText(industry_code),
            Column::OptI32(registered_on),
        ] = columns
        else {
            return Err(slice::wrong_types());
        };
        self.customer_id.extend(customer_id);
        self.customer_type.extend(customer_type);
        self.region_code.extend(region_code);
        self.province.extend(province);
        self.city.extend(city);
        self.industry_code.extend(industry_code);
        self.registered_on.extend(registered_on);
        Ok(())
    }
}
