//! Writing the orders of a batch.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, NaiveDate, Utc};
use kehu_core::CustomerId;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::entity::{order_line, sales_order};
use super::references::Resolved;
use super::write::Moved;
use super::{Batch, Entry, NewOrder};
use crate::bulk::{self, Column, OnConflict};
use crate::{Error, Transaction, time};

/// What is held of an order: enough to tell whether it changes, and what moves with it.
struct Held {
    order_id: i64,
    customer: CustomerId,
    day: NaiveDate,
    digest: String,
}

/// Writes the orders that are new or differ from what is held. Where an order occurs twice in
/// the batch the last one stays.
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
        let digest = match changed.get(key) {
            Some(earlier) => Some(earlier.digest.as_str()),
            None => held.get(key).map(|held| held.digest.as_str()),
        };
        let differs = digest != Some(order.digest.as_str());
        moved.tally.orders.count(differs);
        if differs {
            changed.insert(key, order);
            note(moved, resolved, order, held.get(key));
        }
    }
    let (replaced, new): (Vec<_>, Vec<_>) =
        changed.into_values().partition(|order| held.contains_key(&order.external_id));
    let rows = Rows { source_id, resolved, now };
    replace(transaction, &rows, &replaced, &held).await?;
    insert(transaction, &rows, &new).await
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
    let rows: Vec<(i64, String, i64, i32, String)> = sales_order::Entity::find()
        .select_only()
        .columns([
            sales_order::Column::OrderId,
            sales_order::Column::ExternalId,
            sales_order::Column::CustomerId,
            sales_order::Column::OrderedOn,
            sales_order::Column::Digest,
        ])
        .filter(sales_order::Column::SourceId.eq(source_id))
        .filter(
            sales_order::Column::ExternalId
                .is_in(orders.iter().map(|order| order.external_id.as_str())),
        )
        .order_by_asc(sales_order::Column::OrderId)
        .lock_exclusive()
        .into_tuple()
        .all(transaction)
        .await?;
    let mut held = HashMap::with_capacity(rows.len());
    for (order_id, external_id, customer, day, digest) in rows {
        let customer = CustomerId(customer);
        held.insert(external_id, Held { order_id, customer, day: time::date(day)?, digest });
    }
    Ok(held)
}

async fn insert(
    transaction: &Transaction,
    rows: &Rows<'_>,
    orders: &[&NewOrder],
) -> Result<(), Error> {
    if orders.is_empty() {
        return Ok(());
    }
    let columns = rows.columns(orders);
    bulk::insert(transaction, "sales_order", &columns, OnConflict::Fail).await?;
    let ids = find_ids(transaction, rows.source_id, orders).await?;
    let lines: Vec<_> = orders.iter().map(|order| (ids[&order.external_id], *order)).collect();
    insert_lines(transaction, &lines).await
}

async fn find_ids(
    transaction: &Transaction,
    source_id: i64,
    orders: &[&NewOrder],
) -> Result<HashMap<String, i64>, Error> {
    let keys = orders.iter().map(|order| order.external_id.as_str());
    let rows: Vec<(String, i64)> = sales_order::Entity::find()
        .select_only()
        .columns([sales_order::Column::ExternalId, sales_order::Column::OrderId])
        .filter(sales_order::Column::SourceId.eq(source_id))
        .filter(sales_order::Column::ExternalId.is_in(keys))
        .into_tuple()
        .all(transaction)
        .await?;
    Ok(rows.into_iter().collect())
}

async fn replace(
    transaction: &Transaction,
    rows: &Rows<'_>,
    orders: &[&NewOrder],
    held: &HashMap<String, Held>,
) -> Result<(), Error> {
    if orders.is_empty() {
        return Ok(());
    }
    let columns = rows.columns(orders);
    let key = ["source_id", "external_id"];
    let names = columns.iter().map(|(name, _)| *name);
    let set: Vec<&str> = names.filter(|name| !key.contains(name)).collect();
    let on_conflict = OnConflict::Update { key: &key, set: &set };
    bulk::insert(transaction, "sales_order", &columns, on_conflict).await?;
    let ids: Vec<i64> = orders.iter().map(|order| held[&order.external_id].order_id).collect();
    order_line::Entity::delete_many()
        .filter(order_line::Column::OrderId.is_in(ids.iter().copied()))
        .exec(transaction)
        .await?;
    let lines: Vec<_> = ids.into_iter().zip(orders.iter().copied()).collect();
    insert_lines(transaction, &lines).await
}

/// Turns orders into columns.
struct Rows<'a> {
    source_id: i64,
    resolved: &'a Resolved,
    now: DateTime<Utc>,
}

impl Rows<'_> {
    fn columns(&self, orders: &[&NewOrder]) -> Vec<(&'static str, Column)> {
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
        let lines = |order: &NewOrder| i32::try_from(order.lines.len()).expect("checked before");
        vec![
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
            ("recorded_at", Column::I64(vec![time::micros(self.now); orders.len()])),
        ]
    }
}

async fn insert_lines(transaction: &Transaction, orders: &[(i64, &NewOrder)]) -> Result<(), Error> {
    let count = orders.iter().map(|(_, order)| order.lines.len()).sum();
    let (mut ids, mut numbers) = (Vec::with_capacity(count), Vec::with_capacity(count));
    let (mut products, mut descriptions) = (Vec::with_capacity(count), Vec::with_capacity(count));
    let (mut categories, mut brands) = (Vec::with_capacity(count), Vec::with_capacity(count));
    let (mut quantities, mut prices) = (Vec::with_capacity(count), Vec::with_capacity(count));
    let mut discounts = Vec::with_capacity(count);
    let (mut amounts, mut bases) = (Vec::with_capacity(count), Vec::with_capacity(count));
    for (order_id, order) in orders {
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
    let columns = [
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
    ];
    bulk::insert(transaction, "order_line", &columns, OnConflict::Fail).await?;
    Ok(())
}
