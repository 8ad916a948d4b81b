use super::{CustomerSet, SLICE, slice};
use crate::bulk::{Column, ColumnType};
use crate::{Database, Error};

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

const SQL: &str = "SELECT customer_id, customer_type, region_code, province, city, \
                   industry_code, registered_on \
                   FROM customer WHERE {customers} ORDER BY customer_id";

const COLUMNS: [(&str, ColumnType); 7] = [
    ("customer_id", ColumnType::I64),
    ("customer_type", ColumnType::OptText),
    ("region_code", ColumnType::OptText),
    ("province", ColumnType::OptText),
    ("city", ColumnType::OptText),
    ("industry_code", ColumnType::OptText),
    ("registered_on", ColumnType::OptI32),
];

/// The customers of the set that exist.
pub async fn customers(db: &Database, set: &CustomerSet) -> Result<CustomerColumns, Error> {
    let mut customers = CustomerColumns::default();
    for slice in slice::cut(db, set, SLICE).await? {
        customers.append(slice.read(db, SQL, &[], &COLUMNS).await?)?;
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
