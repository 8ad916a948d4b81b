//! Orders, returns and adjustments, with their lines.

use chrono::{DateTime, NaiveDate, Utc};
use kehu_core::money::OutOfRange;
use kehu_core::{Money, Quantity, Rate};

use super::{Kind, Measured, TimelineQuery, Valued};
use crate::bulk::Column;
use crate::facts::{FactColumn, FactTable, FactType};
use crate::ingestion::ORDER_NUMBER;
use crate::ingestion::versions::{Columns, Head, Place, Versioned};
use crate::time;

/// The kind. What analytics reads of orders has columns of its own besides: `facts::orders` and
/// `facts::lines`.
pub(super) static KIND: Kind = Kind {
    name: PLACE.kind,
    timeline: &[TIMELINE],
    facts: &[MARGINS, PURCHASES, UNITS],
    valued: Some(&VALUED),
    versions: Some(&PLACE),
    measured: &[ORDERS, LINES],
};

const ORDERS: Measured = Measured {
    from: "sales_order r",
    fields: &[("channel", "r.channel")],
    alike: Some(("r.ordered_at", "r.kind, r.status, r.currency, r.amount")),
};

const LINES: Measured = Measured {
    from: "sales_order r JOIN order_line p ON p.order_id = r.order_id",
    fields: &[
        ("lines.product_code", "p.product"),
        ("lines.category", "p.category"),
        ("lines.brand", "p.brand"),
        ("lines.cost", "p.cost"),
    ],
    alike: None,
};

static VALUED: Valued = Valued {
    place: &PLACE,
    parts: "order_line",
    part: "line_number",
    convert: in_base,
    also: Some(("cost", "base_cost")),
};

/// Lines of orders that were not called off, of which the cost is known: `days_ago` (0 on the
/// date), `amount` and `cost` in the base currency, of what came back below zero.
const MARGINS: FactTable = FactTable {
    name: "margins",
    columns: &[
        FactColumn::new("days_ago", FactType::Integer),
        FactColumn::new("amount", FactType::Amount),
        FactColumn::new("cost", FactType::Amount),
    ],
    sorted_by: &[("days_ago", true)],
    sql: "SELECT o.customer_id, $1 - o.ordered_on AS days_ago, l.base_amount AS amount, \
          l.base_cost AS cost FROM sales_order o JOIN order_line l ON l.order_id = o.order_id \
          WHERE o.{customers} AND o.superseded_at IS NULL AND o.status = 1 \
          AND o.ordered_on <= $1 AND l.base_cost IS NOT NULL \
          ORDER BY o.customer_id, o.ordered_on, o.order_id, l.line_number",
};

/// Lines of completed sales and returns: `days_ago` (0 on the date) and `quantity`, of what came
/// back below zero. Adjustments of the books move no goods.
const UNITS: FactTable = FactTable {
    name: "units",
    columns: &[
        FactColumn::new("days_ago", FactType::Integer),
        FactColumn::new("quantity", FactType::Amount),
    ],
    sorted_by: &[("days_ago", true)],
    sql: "SELECT o.customer_id, $1 - o.ordered_on AS days_ago, l.quantity \
          FROM sales_order o JOIN order_line l ON l.order_id = o.order_id \
          WHERE o.{customers} AND o.superseded_at IS NULL AND o.status = 1 AND o.kind IN (1, 2) \
          AND o.ordered_on <= $1 ORDER BY o.customer_id, o.ordered_on, o.order_id, l.line_number",
};

static PLACE: Place = Place {
    kind: "order",
    table: "sales_order",
    number: "order_id",
    day: "ordered_on",
    sequence: ORDER_NUMBER,
};

const TIMELINE: TimelineQuery = TimelineQuery::Trade(
    "SELECT ordered_at AS happened_at, order_id AS place, ordered_on AS day, \
     CASE WHEN status = 2 THEN 'cancelled' WHEN kind = 1 THEN 'sale' \
     WHEN kind = 2 THEN 'return' ELSE 'adjustment' END AS kind, \
     source_id, external_id, currency, amount, base_amount, line_count, channel, \
     sale_external_id AS takes_back FROM sales_order WHERE customer_id = $1 AND superseded_at IS NULL",
);

/// What was bought last when, of completed sales up to the date:
///
/// | column | |
/// |---|---|
/// | `days_ago` | from the last day on which it was bought to the date |
/// | `product` | the product's code; may be null |
/// | `category` | its category; may be null, but not both are |
const PURCHASES: FactTable = FactTable {
    name: "purchases",
    columns: &[
        FactColumn::new("days_ago", FactType::Integer),
        FactColumn::nullable("product", FactType::Text),
        FactColumn::nullable("category", FactType::Text),
    ],
    sorted_by: &[],
    sql: "SELECT o.customer_id, $1 - MAX(o.ordered_on) AS days_ago, l.product, l.category \
          FROM sales_order o JOIN order_line l ON l.order_id = o.order_id \
          WHERE o.{customers} AND o.superseded_at IS NULL AND o.status = 1 AND o.kind = 1 \
          AND o.ordered_on <= $1 AND l.quantity > 0 \
          AND (l.product IS NOT NULL OR l.category IS NOT NULL) \
          GROUP BY o.customer_id, l.product, l.category ORDER BY o.customer_id",
};

/// What an order is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OrderKind {
    /// Goods sold.
    Sale,
    /// Goods that came back; its amount is negative.
    Return,
    /// A correction of the books.
    Adjustment,
}

/// How an order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OrderStatus {
    /// Carried out.
    Completed,
    /// Called off before it was carried out; never counts.
    Cancelled,
}

impl OrderKind {
    /// Its number in the table.
    pub fn number(self) -> i32 {
        match self {
            Self::Sale => 1,
            Self::Return => 2,
            Self::Adjustment => 3,
        }
    }
}

impl OrderStatus {
    /// Its number in the table.
    pub fn number(self) -> i32 {
        match self {
            Self::Completed => 1,
            Self::Cancelled => 2,
        }
    }
}

/// An order that can be written.
#[derive(Debug, Clone)]
pub struct NewOrder {
    /// The source's key of it.
    pub external_id: String,
    /// The source's key of the customer, which is created when it is not known yet.
    pub customer: String,
    /// What it is.
    pub kind: OrderKind,
    /// How it stands.
    pub status: OrderStatus,
    /// When it was placed.
    pub ordered_at: DateTime<Utc>,
    /// Its business date.
    pub ordered_on: NaiveDate,
    /// Its local hour, 0 to 23.
    pub ordered_hour: i32,
    /// ISO 4217.
    pub currency: String,
    /// The sum of its lines.
    pub amount: Money,
    /// The sum of its lines in the base currency.
    pub base_amount: Money,
    /// Sales channel.
    pub channel: Option<String>,
    /// Of a return, the source's key of the sale that it takes back.
    pub sale: Option<String>,
    /// Its lines, 1 or more, each number once.
    pub lines: Vec<LineRow>,
    /// A digest of all the above but the amounts in the base currency.
    pub digest: String,
    /// When its source last changed it, where the source says so: a version never takes the place
    /// of one that its source changed later.
    pub source_updated_at: Option<DateTime<Utc>>,
}

impl NewOrder {
    /// Converts its amounts at a rate.
    pub fn convert(&mut self, rate: Rate) -> Result<(), OutOfRange> {
        let lines: Vec<Money> = self.lines.iter().map(|line| line.amount).collect();
        let (sum, bases) = in_base(self.amount, &lines, rate)?;
        self.base_amount = sum;
        for (line, base) in self.lines.iter_mut().zip(bases) {
            line.base_amount = base;
            line.base_cost = line.cost.map(|cost| cost.convert(rate)).transpose()?;
        }
        Ok(())
    }
}

/// Each line is converted; the order is their sum.
fn in_base(_: Money, lines: &[Money], rate: Rate) -> Result<(Money, Vec<Money>), OutOfRange> {
    let bases: Result<Vec<Money>, OutOfRange> =
        lines.iter().map(|line| line.convert(rate)).collect();
    let bases = bases?;
    Ok((Money::sum(bases.iter().copied())?, bases))
}

/// A line of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineRow {
    /// Its number in the order.
    pub line_number: i64,
    /// Product code.
    pub product: Option<String>,
    /// Product name.
    pub description: Option<String>,
    /// Product category.
    pub category: Option<String>,
    /// Brand.
    pub brand: Option<String>,
    /// Units; negative for what came back.
    pub quantity: Quantity,
    /// Price of one unit.
    pub unit_price: Money,
    /// What was taken off; `None` when it is not known.
    pub discount: Option<Money>,
    /// Amount after discount.
    pub amount: Money,
    /// The same in the base currency.
    pub base_amount: Money,
    /// What it cost, with the sign of the quantity; `None` when it is not known.
    pub cost: Option<Money>,
    /// The same in the base currency.
    pub base_cost: Option<Money>,
}

impl Versioned for NewOrder {
    const PLACE: &'static Place = &PLACE;

    fn head(&self) -> Head<'_> {
        Head {
            external_id: &self.external_id,
            customer: &self.customer,
            day: self.ordered_on,
            digest: &self.digest,
            source_updated_at: self.source_updated_at,
        }
    }

    fn columns(orders: &[&Self]) -> Columns {
        let i64s = |value: fn(&Self) -> i64| {
            Column::I64(orders.iter().map(|order| value(order)).collect())
        };
        let i32s = |value: fn(&Self) -> i32| {
            Column::I32(orders.iter().map(|order| value(order)).collect())
        };
        let currency = orders.iter().map(|order| order.currency.clone()).collect();
        let sale = orders.iter().map(|order| order.sale.clone()).collect();
        let channel = orders.iter().map(|order| order.channel.clone()).collect();
        vec![
            ("kind", i32s(|order| order.kind.number())),
            ("status", i32s(|order| order.status.number())),
            ("ordered_at", i64s(|order| time::micros(order.ordered_at))),
            ("ordered_hour", i32s(|order| order.ordered_hour)),
            ("currency", Column::Text(currency)),
            ("amount", i64s(|order| order.amount.0)),
            ("base_amount", i64s(|order| order.base_amount.0)),
            ("line_count", i32s(|order| order.lines.len().try_into().expect("checked before"))),
            ("channel", Column::OptText(channel)),
            ("sale_external_id", Column::OptText(sale)),
        ]
    }

    fn children(numbers: &[i64], orders: &[&Self]) -> Vec<(&'static str, Columns)> {
        vec![("order_line", line_columns(numbers, orders))]
    }
}

/// The lines of orders with these numbers.
fn line_columns(order_ids: &[i64], orders: &[&NewOrder]) -> Columns {
    let count = orders.iter().map(|order| order.lines.len()).sum();
    let (mut ids, mut numbers) = (Vec::with_capacity(count), Vec::with_capacity(count));
    let (mut products, mut descriptions) = (Vec::with_capacity(count), Vec::with_capacity(count));
    let (mut categories, mut brands) = (Vec::with_capacity(count), Vec::with_capacity(count));
    let (mut quantities, mut prices) = (Vec::with_capacity(count), Vec::with_capacity(count));
    let mut discounts = Vec::with_capacity(count);
    let (mut amounts, mut bases) = (Vec::with_capacity(count), Vec::with_capacity(count));
    let (mut costs, mut base_costs) = (Vec::with_capacity(count), Vec::with_capacity(count));
    for (order_id, order) in order_ids.iter().zip(orders) {
        for line in &order.lines {
            ids.push(*order_id);
            numbers.push(line.line_number);
            products.push(line.product.clone());
            descriptions.push(line.description.clone());
            categories.push(line.category.clone());
            brands.push(line.brand.clone());
            quantities.push(line.quantity.0);
            prices.push(line.unit_price.0);
            discounts.push(line.discount.map(|discount| discount.0));
            amounts.push(line.amount.0);
            bases.push(line.base_amount.0);
            costs.push(line.cost.map(|cost| cost.0));
            base_costs.push(line.base_cost.map(|cost| cost.0));
        }
    }
    vec![
        ("order_id", Column::I64(ids)),
        ("line_number", Column::I64(numbers)),
        ("product", Column::OptText(products)),
        ("description", Column::OptText(descriptions)),
        ("category", Column::OptText(categories)),
        ("brand", Column::OptText(brands)),
        ("quantity", Column::I64(quantities)),
        ("unit_price", Column::I64(prices)),
        ("discount", Column::OptI64(discounts)),
        ("amount", Column::I64(amounts)),
        ("base_amount", Column::I64(bases)),
        ("cost", Column::OptI64(costs)),
        ("base_cost", Column::OptI64(base_costs)),
    ]
}
