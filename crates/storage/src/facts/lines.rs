use std::collections::BTreeSet;

use chrono::NaiveDate;
use kehu_core::Money;

use super::{CustomerSet, slice};
use crate::bulk::{Column, ColumnType};
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
                   WHERE o.{customers} AND o.superseded_at IS NULL \
                   AND o.status = $1 AND o.kind = $2 AND o.ordered_on <= $3 \
                   ORDER BY o.customer_id, o.ordered_on, o.order_id, l.line_number";

const COLUMNS: [(&str, ColumnType); 8] = [
    ("customer_id", ColumnType::I64),
    ("ordered_on", ColumnType::I32),
    ("category", ColumnType::OptText),
    ("brand", ColumnType::OptText),
    ("currency", ColumnType::Text),
    ("unit_price", ColumnType::I64),
    ("discount", ColumnType::OptI64),
    ("base_amount", ColumnType::I64),
];

/// The lines of what was sold to the customers of the set, up to and including the day
/// `through`. [`Error::Corrupt`] when a discount does not fit in the base currency.
pub async fn lines(
    db: &Database,
    set: &CustomerSet,
    through: NaiveDate,
) -> Result<LineColumns, Error> {
    let mut lines = LineColumns::default();
    let (status, kind) = (OrderStatus::Completed.number(), OrderKind::Sale.number());
    let values = [status.into(), kind.into(), time::days(through).into()];
    for slice in slice::to_read(db, set).await? {
        lines.append(slice.read(db, SQL, &values, &COLUMNS).await?)?;
    }
    lines.convert_discounts(&load_rates(db, &lines.discounted()).await?)?;
    Ok(lines)
}

impl LineColumns {
    /// The categories that the lines name, each once, in order.
    pub fn categories(&self) -> Vec<String> {
        let categories: BTreeSet<&String> = self.category.iter().flatten().collect();
        categories.into_iter().cloned().collect()
    }

    /// The currencies of the discounts that there are.
    fn discounted(&self) -> BTreeSet<String> {
        let given = self.currency.iter().zip(&self.discount);
        let given = given.filter(|(_, discount)| discount.is_some_and(|discount| discount != 0));
        let currencies: BTreeSet<&String> = given.map(|(currency, _)| currency).collect();
        currencies.into_iter().cloned().collect()
    }

    /// The discounts are still in the currency of their order.
    fn append(&mut self, columns: [Column; 8]) -> Result<(), Error> {
        let [
            Column::I64(customer_id),
            Column::I32(ordered_on),
            Column::OptText(category),
            Column::OptText(brand),
            Column::Text(currency),
            Column::I64(unit_price),
            Column::OptI64(discount),
            Column::I64(amount),
        ] = columns
        else {
            return Err(slice::wrong_types());
        };
        self.customer_id.extend(customer_id);
        self.ordered_on.extend(ordered_on);
        self.category.extend(category);
        self.brand.extend(brand);
        self.currency.extend(currency);
        self.unit_price.extend(unit_price);
        self.discount.extend(discount);
        self.amount.extend(amount);
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
