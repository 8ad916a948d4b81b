use std::collections::BTreeSet;

use chrono::NaiveDate;
use kehu_core::Money;
use sea_orm::QueryResult;

use super::{CustomerSet, SLICE, slice};
use crate::ingestion::{OrderKind, OrderStatus, RateTable, load_rates};
use crate::{Database, Error, time};

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
    let mut columns = LineColumns::default();
    let (status, kind) = (OrderStatus::Completed.number(), OrderKind::Sale.number());
    let values = [status.into(), kind.into(), time::days(through).into()];
    for slice in slice::cut(db, set, SLICE).await? {
        for row in slice.query(db, SQL, &values).await? {
            columns.push(&row)?;
        }
    }
    let currencies =
        columns.currency.iter().collect::<BTreeSet<_>>().into_iter().cloned().collect();
    columns.convert_discounts(&load_rates(db, &currencies).await?)?;
    Ok(columns)
}

impl LineColumns {
    /// The discount stays in the currency of the order until [`LineColumns::convert_discounts`].
    fn push(&mut self, row: &QueryResult) -> Result<(), Error> {
        self.customer_id.push(row.try_get_by_index(0)?);
        self.ordered_on.push(row.try_get_by_index(1)?);
        self.category.push(row.try_get_by_index(2)?);
        self.brand.push(row.try_get_by_index(3)?);
        self.currency.push(row.try_get_by_index(4)?);
        self.unit_price.push(row.try_get_by_index(5)?);
        self.discount.push(row.try_get_by_index(6)?);
        self.amount.push(row.try_get_by_index(7)?);
        Ok(())
    }

    /// Brings each discount to the base currency at the rate valid on its day. A currency
    /// without a rate is the base currency: no other gets past ingestion.
    fn convert_discounts(&mut self, rates: &RateTable) -> Result<(), Error> {
        let places = self.currency.iter().zip(&self.ordered_on);
        for ((currency, day), discount) in places.zip(&mut self.discount) {
            let Some(given) = *discount else { continue };
            let Some(rate) = rates.effective(currency, time::date(*day)?) else { continue };
            let base = Money(given).convert(rate);
            *discount = Some(base.map_err(|error| Error::Corrupt(error.to_string()))?.0);
        }
        Ok(())
    }
}
