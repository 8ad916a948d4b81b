use super::{CustomerSet, SLICE, slice};
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

/// The customers of the set that exist.
pub async fn customers(db: &Database, set: &CustomerSet) -> Result<CustomerColumns, Error> {
    let mut columns = CustomerColumns::default();
    for slice in slice::cut(db, set, SLICE).await? {
        for row in slice.query(db, SQL, &[]).await? {
            columns.customer_id.push(row.try_get_by_index(0)?);
            columns.customer_type.push(row.try_get_by_index(1)?);
            columns.region_code.push(row.try_get_by_index(2)?);
            columns.province.push(row.try_get_by_index(3)?);
            columns.city.push(row.try_get_by_index(4)?);
            columns.industry_code.push(row.try_get_by_index(5)?);
            columns.registered_on.push(row.try_get_by_index(6)?);
        }
    }
    Ok(columns)
}
