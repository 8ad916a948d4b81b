use chrono::NaiveDate;
use sea_orm::Value;

use super::slice;
use crate::bulk::{self, Column, ColumnType};
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

const COLUMNS: [(&str, ColumnType); 4] = [
    ("category", ColumnType::Text),
    ("currency", ColumnType::Text),
    ("unit_price", ColumnType::I64),
    ("lines", ColumnType::I64),
];

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
        "SELECT l.category, o.currency, l.unit_price, COUNT(*) AS lines \
         FROM order_line l JOIN sales_order o ON o.order_id = l.order_id \
         WHERE o.superseded_at IS NULL AND o.status = $1 AND o.kind = $2 AND o.ordered_on <= $3 AND {condition} \
         GROUP BY l.category, o.currency, l.unit_price"
    );
    let read = bulk::read(db.reader(), &sql, values, &COLUMNS).await?;
    let Ok(
        [
            Column::Text(category),
            Column::Text(currency),
            Column::I64(unit_price),
            Column::I64(lines),
        ],
    ) = <[Column; 4]>::try_from(read)
    else {
        return Err(slice::wrong_types());
    };
    Ok(PriceColumns { category, currency, unit_price, lines })
}
