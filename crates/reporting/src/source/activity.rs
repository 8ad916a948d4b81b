//! What customers ordered up to a date.

use super::fault;
use crate::report::{MonthlyTrend, Order};
use chrono::NaiveDate;
use kehu_analytics::Analytics;
use kehu_core::{CustomerId, Money, Value, calendar};
use kehu_server::Fault;
use kehu_storage::{
    Database,
    facts::{self, CustomerSet},
    ingestion::OrderKind,
};
use rust_decimal::{Decimal, prelude::ToPrimitive};
use std::collections::HashMap;

/// One customer's features.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Activity {
    /// The customer.
    pub(crate) customer: CustomerId,
    /// Amount net of returns; `None` when it has no order of any kind yet.
    pub(crate) amount: Option<Decimal>,
    /// Completed orders.
    pub(crate) orders: i64,
}

/// The orders of all customers, summed up.
#[derive(Debug, Clone)]
pub(crate) struct Orders {
    /// By month, and in all.
    pub(crate) trend: MonthlyTrend,
    /// Amount of the completed orders of each customer that has any.
    pub(crate) ordered: HashMap<CustomerId, Decimal>,
}

/// What every customer on record did up to `as_of`, by customer.
pub(crate) async fn activity(
    analytics: &Analytics,
    as_of: NaiveDate,
) -> Result<Vec<Activity>, Fault> {
    let names = ["amount_total", "orders_total"];
    let frame = analytics.features(&CustomerSet::All, as_of, &names).await.map_err(fault)?;
    let amounts = frame.column("amount_total").map_err(fault)?;
    let orders = frame.column("orders_total").map_err(fault)?;
    let mut activity = Vec::with_capacity(frame.len());
    for (customer, (amount, orders)) in
        frame.customers().into_iter().zip(amounts.iter().zip(orders))
    {
        activity.push(Activity { customer, amount: amount.number(), orders: whole(&orders) });
    }
    Ok(activity)
}

/// The whole number of a value; 0 for null.
fn whole(value: &Value) -> i64 {
    value.number().and_then(|number| number.to_i64()).unwrap_or_default()
}

/// Sums up all orders up to `as_of` in `month_count` months, and those up to `earlier` in a
/// trend of their own.
pub(crate) async fn orders(
    db: &Database,
    as_of: NaiveDate,
    month_count: u32,
    earlier: Option<NaiveDate>,
) -> Result<(Orders, Option<MonthlyTrend>), Fault> {
    let mut orders =
        Orders { trend: MonthlyTrend::new(as_of, month_count), ordered: HashMap::new() };
    let mut before = earlier.map(|earlier| MonthlyTrend::new(earlier, 1));
    for set in facts::split(db, &CustomerSet::All, CUSTOMERS_AT_ONCE).await? {
        let columns = facts::orders(db, &set, as_of).await?;
        for place in 0..columns.order_id.len() {
            let order = order(&columns, place)?;
            orders.trend.add(&order);
            if let Some(before) = &mut before {
                before.add(&order);
            }
            if order.is_completed() {
                *orders.ordered.entry(order.customer).or_default() += order.amount;
            }
        }
    }
    Ok((orders, before))
}

/// Customers whose orders are in memory at once.
const CUSTOMERS_AT_ONCE: u64 = 20_000;

fn order(columns: &facts::OrderColumns, place: usize) -> Result<Order, Fault> {
    let kinds = [OrderKind::Sale, OrderKind::Return, OrderKind::Adjustment];
    let number = columns.kind[place];
    let kind = kinds.into_iter().find(|kind| kind.number() == number);
    let ordered_on = calendar::from_days(columns.ordered_on[place]);
    let (Some(kind), Some(ordered_on)) = (kind, ordered_on) else {
        return Err(Fault::internal(format!("order {} cannot be read", columns.order_id[place])));
    };
    let customer = CustomerId(columns.customer_id[place]);
    Ok(Order { customer, ordered_on, kind, amount: Money(columns.amount[place]).to_decimal() })
}
