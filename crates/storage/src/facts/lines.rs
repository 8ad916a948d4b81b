use chrono::NaiveDate;
use kehu_core::calendar::to_days;
use sea_orm::QueryResult;

use super::rates::Rates;
use super::{COMPLETED, CustomerSet, SALE, SLICE, slice};
use crate::{Database, Error};

/// Lines of completed sales, one a place, by customer, day, order and line number.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LineColumns {
    /// The number of the customer.
    pub customer_id: Vec<i64>,
    /// The business date of the order, days since 1970-01-01.
    pub ordered_on: Vec<i32>,
    /// The product's category.
    pub category: Vec<Option<String>>,
    /// The product's brand.
    pub brand: Vec<Option<String>>,
    /// The currency of the unit price, ISO 4217.
    pub currency: Vec<String>,
    /// The price of one unit in that currency, 1/10,000 of its unit.
    pub unit_price: Vec<i64>,
    /// What was taken off the line, in the base currency, 1/10,000 of its unit; `None` when
    /// discounts are not known.
    pub discount: Vec<Option<i64>>,
    /// The amount of the line after discount, in the base currency, 1/10,000 of its unit.
    pub amount: Vec<i64>,
}

const SQL: &str = "SELECT o.customer_id, o.ordered_on, l.category, l.brand, o.currency, \
                   l.unit_price, l.discount, l.base_amount \
                   FROM sales_order o JOIN order_line l ON l.order_id = o.order_id \
                   WHERE o.{customers} AND o.status = $1 AND o.kind = $2 AND o.ordered_on <= $3 \
                   ORDER BY o.customer_id, o.ordered_on, o.order_id, l.line_number";

/// The lines of what was sold to the customers of the set, up to and including the day
/// `through`. [`Error::Corrupt`] when a discount does not fit in the base currency.
pub async fn lines(
    db: &Database,
    set: &CustomerSet,
    through: NaiveDate,
) -> Result<LineColumns, Error> {
    let rates = Rates::read(db).await?;
    let mut columns = LineColumns::default();
    let values = [COMPLETED.into(), SALE.into(), to_days(through).into()];
    for slice in slice::cut(db, set, SLICE).await? {
        for row in slice.query(db, SQL, &values).await? {
            columns.push(&row, &rates)?;
        }
    }
    Ok(columns)
}

impl LineColumns {
    fn push(&mut self, row: &QueryResult, rates: &Rates) -> Result<(), Error> {
        let ordered_on = row.try_get_by_index(1)?;
        let currency: String = row.try_get_by_index(4)?;
        let discount: Option<i64> = row.try_get_by_index(6)?;
        let discount = match discount {
            Some(discount) => Some(rates.to_base(&currency, ordered_on, discount)?),
            None => None,
        };
        self.customer_id.push(row.try_get_by_index(0)?);
        self.ordered_on.push(ordered_on);
        self.category.push(row.try_get_by_index(2)?);
        self.brand.push(row.try_get_by_index(3)?);
        self.currency.push(currency);
        self.unit_price.push(row.try_get_by_index(5)?);
        self.discount.push(discount);
        self.amount.push(row.try_get_by_index(7)?);
        Ok(())
    }
}
