//! Writing the orders of a batch.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, NaiveDate, Utc};
use kehu_core::CustomerId;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect};

use super::ORDER_NUMBER;
use super::entity::sales_order;
use super::references::Resolved;
use super::write::Moved;
use super::{Batch, Entry, NewOrder};
use crate::bulk::{self, Column, OnConflict};
use crate::{Error, Transaction, dialect, time};

/// What stands of an order: enough to tell whether it changes, and what moves with it.
struct Held {
    order_id: i64,
    customer: CustomerId,
    day: NaiveDate,
    digest: String,
    source_updated_at: Option<DateTime<Utc>>,
}

/// Writes the orders that are new, and a new version of those that differ from what is held. Where
/// an order occurs twice in the batch the last one stays.
pub(super) async fn write(
    transaction: &Transaction,
    source_id: i64,
    batch: &Batch,
    resolved: &Resolved,
    moved: &mut Moved,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let orders: Vec<&NewOrder> = batch.entries.iter().filter_map(order).collect();
    let held = find(transaction, source_id, &orders).await?;
    let mut changed: BTreeMap<&str, &NewOrder> = BTreeMap::new();
    for order in orders {
        let key = order.external_id.as_str();
        let (before, updated) = match (changed.get(key), held.get(key)) {
            (Some(earlier), _) => (Some(&earlier.digest), earlier.source_updated_at),
            (None, Some(held)) => (Some(&held.digest), held.source_updated_at),
            (None, None) => (None, None),
        };
        // An older version does not win by coming later.
        let newer = updated.zip(order.source_updated_at).is_some_and(|(held, given)| held > given);
        let differs = before != Some(&order.digest) && !newer;
        moved.tally.orders.count(differs);
        if differs {
            changed.insert(key, order);
            note(moved, resolved, order, held.get(key));
        }
    }
    let replaced = changed.keys().filter_map(|key| held.get(*key)).map(|held| held.order_id);
    supersede(transaction, replaced.collect(), now).await?;
    let changed: Vec<&NewOrder> = changed.into_values().collect();
    insert(transaction, &Rows { source_id, resolved, now }, &changed).await
}

fn order(entry: &Entry) -> Option<&NewOrder> {
    match entry {
        Entry::Order(order) => Some(order),
        Entry::Customer { .. } | Entry::Rate { .. } => None,
    }
}

/// Notes whom and which days a change of an order concerns, where it was and where it is.
fn note(moved: &mut Moved, resolved: &Resolved, order: &NewOrder, held: Option<&Held>) {
    moved.customers.insert(resolved.customer(&order.customer));
    moved.days.insert(order.ordered_on);
    if let Some(held) = held {
        moved.customers.insert(held.customer);
        moved.days.insert(held.day);
    }
}

async fn find(
    transaction: &Transaction,
    source_id: i64,
    orders: &[&NewOrder],
) -> Result<HashMap<String, Held>, Error> {
    if orders.is_empty() {
        return Ok(HashMap::new());
    }
    let keys: Vec<&str> = orders.iter().map(|order| order.external_id.as_str()).collect();
    let rows: Vec<(i64, String, i64, i32, String, Option<i64>)> = sales_order::Entity::find()
        .select_only()
        .columns([
            sales_order::Column::OrderId,
            sales_order::Column::ExternalId,
            sales_order::Column::CustomerId,
            sales_order::Column::OrderedOn,
            sales_order::Column::Digest,
            sales_order::Column::SourceUpdatedAt,
        ])
        .filter(sales_order::Column::SourceId.eq(source_id))
        .filter(sales_order::Column::SupersededAt.is_null())
        .filter(dialect::is_any_text(transaction.get_database_backend(), "external_id", &keys))
        .into_tuple()
        .all(transaction)
        .await?;
    let mut held = HashMap::with_capacity(rows.len());
    for (order_id, external_id, customer, day, digest, updated) in rows {
        let customer = CustomerId(customer);
        let source_updated_at = updated.map(time::instant).transpose()?;
        let day = time::date(day)?;
        held.insert(external_id, Held { order_id, customer, day, digest, source_updated_at });
    }
    Ok(held)
}

/// Ends versions of orders; they stay on record with their lines. [`Error::Conflict`] when another
/// writer was quicker with one of them.
async fn supersede(
    transaction: &Transaction,
    order_ids: Vec<i64>,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    if order_ids.is_empty() {
        return Ok(());
    }
    let backend = transaction.get_database_backend();
    let ended = sales_order::Entity::update_many()
        .col_expr(sales_order::Column::SupersededAt, Expr::value(time::micros(now)))
        .filter(dialect::is_any_number(backend, "order_id", &order_ids))
        .filter(sales_order::Column::SupersededAt.is_null())
        .exec(transaction)
        .await?;
    if usize::try_from(ended.rows_affected).is_ok_and(|ended| ended == order_ids.len()) {
        return Ok(());
    }
    Err(Error::Conflict("an order is being changed by another writer, write it again".to_owned()))
}

/// Writes versions of orders, in the order of their keys.
async fn insert(
    transaction: &Transaction,
    rows: &Rows<'_>,
    orders: &[&NewOrder],
) -> Result<(), Error> {
    if orders.is_empty() {
        return Ok(());
    }
    let ids = dialect::draw(transaction.inner(), ORDER_NUMBER, orders.len()).await?;
    let lines = line_columns(&ids, orders);
    let columns = rows.columns(ids, orders);
    bulk::insert(transaction, "sales_order", &columns, OnConflict::Fail).await?;
    bulk::insert(transaction, "order_line", &lines, OnConflict::Fail).await?;
    Ok(())
}

/// Turns orders into columns.
struct Rows<'a> {
    source_id: i64,
    resolved: &'a Resolved,
    now: DateTime<Utc>,
}

impl Rows<'_> {
    fn columns(&self, ids: Vec<i64>, orders: &[&NewOrder]) -> Vec<(&'static str, Column)> {
        let i64s = |value: &dyn Fn(&NewOrder) -> i64| {
            Column::I64(orders.iter().map(|order| value(order)).collect())
        };
        let i32s = |value: &dyn Fn(&NewOrder) -> i32| {
            Column::I32(orders.iter().map(|order| value(order)).collect())
        };
        let texts = |value: fn(&NewOrder) -> &String| {
            Column::Text(orders.iter().map(|order| value(order).clone()).collect())
        };
        let channel = orders.iter().map(|order| order.channel.clone()).collect();
        let updated = orders.iter().map(|order| order.source_updated_at.map(time::micros));
        let lines = |order: &NewOrder| i32::try_from(order.lines.len()).expect("checked before");
        vec![
            ("order_id", Column::I64(ids)),
            ("customer_id", i64s(&|order| self.resolved.customer(&order.customer).0)),
            ("source_id", Column::I64(vec![self.source_id; orders.len()])),
            ("external_id", texts(|order| &order.external_id)),
            ("kind", i32s(&|order| order.kind.number())),
            ("status", i32s(&|order| order.status.number())),
            ("ordered_at", i64s(&|order| time::micros(order.ordered_at))),
            ("ordered_on", i32s(&|order| time::days(order.ordered_on))),
            ("ordered_hour", i32s(&|order| order.ordered_hour)),
            ("currency", texts(|order| &order.currency)),
            ("amount", i64s(&|order| order.amount.0)),
            ("base_amount", i64s(&|order| order.base_amount.0)),
            ("line_count", i32s(&lines)),
            ("channel", Column::OptText(channel)),
            ("digest", texts(|order| &order.digest)),
            ("source_updated_at", Column::OptI64(updated.collect())),
            ("recorded_at", Column::I64(vec![time::micros(self.now); orders.len()])),
        ]
    }
}

/// The lines of orders with these numbers.
fn line_columns(order_ids: &[i64], orders: &[&NewOrder]) -> Vec<(&'static str, Column)> {
    let count = orders.iter().map(|order| order.lines.len()).sum();
    let (mut ids, mut numbers) = (Vec::with_capacity(count), Vec::with_capacity(count));
    let (mut products, mut descriptions) = (Vec::with_capacity(count), Vec::with_capacity(count));
    let (mut categories, mut brands) = (Vec::with_capacity(count), Vec::with_capacity(count));
    let (mut quantities, mut prices) = (Vec::with_capacity(count), Vec::with_capacity(count));
    let mut discounts = Vec::with_capacity(count);
    let (mut amounts, mut bases) = (Vec::with_capacity(count), Vec::with_capacity(count));
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
    ]
}
