//! What follows from several fields and attributes of a customer: rows of the table `attributes` whose
//! names no attribute can have.

use chrono::NaiveDate;
use kehu_core::city_tier::CityTiers;
use kehu_core::enterprise::{self, Enterprise};
use kehu_core::{decimal, division};
use kehu_storage::facts::{AttributeColumns, CustomerColumns};

/// The size of an enterprise, by its industry, its people, its revenue and its assets.
const ENTERPRISE_SIZE: &str = ".enterprise_size";
/// The tier of a customer's city.
const CITY_TIER: &str = ".city_tier";

/// The attributes of the customers, and behind those of each what follows from them on the day.
pub(super) fn add(
    columns: AttributeColumns,
    customers: &CustomerColumns,
    tiers: &CityTiers,
    as_of: NaiveDate,
) -> AttributeColumns {
    let AttributeColumns { customer_id, attribute, value } = columns;
    let mut rows = customer_id.into_iter().zip(attribute.into_iter().zip(value)).peekable();
    let mut all = AttributeColumns::default();
    for (place, customer) in customers.customer_id.iter().enumerate() {
        // Of somebody who was no customer yet.
        while rows.next_if(|(id, _)| id < customer).is_some() {}
        let mut enterprise = Enterprise::default();
        while let Some((id, (attribute, value))) = rows.next_if(|(id, _)| id == customer) {
            note(&mut enterprise, &attribute, &value);
            all.push(id, attribute, value);
        }
        let industry = customers.industry_code[place].as_deref();
        if let Some(size) = industry.and_then(|code| enterprise::size(code, &enterprise)) {
            all.push(*customer, ENTERPRISE_SIZE.to_owned(), size.name().to_owned());
        }
        let city = self::city(customers, place);
        if let Some(tier) = city.and_then(|city| tiers.on(&city, as_of)) {
            all.push(*customer, CITY_TIER.to_owned(), tier.name().to_owned());
        }
    }
    all
}

/// Notes a figure that the size of an enterprise rests on.
fn note(enterprise: &mut Enterprise, attribute: &str, value: &str) {
    let figure = match attribute {
        "employees" => &mut enterprise.employees,
        "annual_revenue" => &mut enterprise.revenue,
        "total_assets" => &mut enterprise.assets,
        _ => return,
    };
    *figure = decimal::parse(value).ok();
}

fn city(customers: &CustomerColumns, place: usize) -> Option<String> {
    let country = customers.region_code[place].as_deref();
    let (province, city) = (&customers.province[place], &customers.city[place]);
    division::place(country, province.as_deref(), city.as_deref()).city
}
