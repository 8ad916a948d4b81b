use chrono::NaiveDate;
use sea_orm::{ConnectionTrait, Statement, Value};

use crate::ingestion::{OrderKind, OrderStatus};
use crate::{Database, Error, time};

/// How often each price was paid, by all customers: one price of a category a place.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PriceColumns {
    /// The category.
    pub category: Vec<String>,
    /// The currency of the price, ISO 4217.
    pub currency: Vec<String>,
    /// The price of one unit, 1/10,000 of the unit of the currency.
    pub unit_price: Vec<i64>,
    /// The number of lines of completed sales at this price, at least 1.
    pub lines: Vec<i64>,
}

/// Categories named in one statement; for more of them every category is read.
const MOST_CATEGORIES: usize = 500;

/// The prices that all customers paid up to and including the day `through`, in `categories`
/// (all of them when `None`, or when there are too many to name), in no particular order.
pub async fn prices(
    db: &Database,
    categories: Option<&[String]>,
    through: NaiveDate,
) -> Result<PriceColumns, Error> {
    let categories = categories.filter(|categories| categories.len() <= MOST_CATEGORIES);
    let (status, kind) = (OrderStatus::Completed.number(), OrderKind::Sale.number());
    let mut values: Vec<Value> = vec![status.into(), kind.into(), time::days(through).into()];
    let condition = match categories {
        None => "l.category IS NOT NULL".to_owned(),
        Some([]) => return Ok(PriceColumns::default()),
        Some(categories) => {
            values.extend(categories.iter().map(|category| Value::from(category.as_str())));
            let places: Vec<String> = (4..=values.len()).map(|place| format!("${place}")).collect();
            format!("l.category IN ({})", places.join(", "))
        }
    };
    let sql = format!(
        "SELECT l.category, o.currency, l.unit_price, COUNT(*) \
         FROM order_line l JOIN sales_order o ON o.order_id = l.order_id \
         WHERE o.status = $1 AND o.kind = $2 AND o.ordered_on <= $3 AND {condition} \
         GROUP BY l.category, o.currency, l.unit_price"
    );
    let backend = db.reader().get_database_backend();
    let statement = Statement::from_sql_and_values(backend, sql, values);
    let mut columns = PriceColumns::default();
    for row in db.reader().query_all_raw(statement).await? {
        columns.category.push(row.try_get_by_index(0)?);
        columns.currency.push(row.try_get_by_index(1)?);
        columns.unit_price.push(row.try_get_by_index(2)?);
        columns.lines.push(row.try_get_by_index(3)?);
    }
    Ok(columns)
}
