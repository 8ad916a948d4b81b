//! What happened with a customer.

use chrono::{DateTime, NaiveDate, Utc};
use kehu_core::{CustomerId, Money};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::entity::sales_order;
use super::sources::Names;
use super::{OrderKind, OrderStatus};
use crate::{Database, Error, Page, PageRequest, time};

/// An order without its lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderHead {
    /// The name of its source.
    pub source: String,
    /// The source's key of it.
    pub external_id: String,
    /// What it is.
    pub kind: OrderKind,
    /// How it stands.
    pub status: OrderStatus,
    /// When it was placed.
    pub ordered_at: DateTime<Utc>,
    /// Its business date.
    pub ordered_on: NaiveDate,
    /// ISO 4217.
    pub currency: String,
    /// Its amount in its own currency.
    pub amount: Money,
    /// Its amount in the base currency.
    pub base_amount: Money,
    /// Number of its lines.
    pub line_count: i32,
    /// Sales channel.
    pub channel: Option<String>,
}

/// The place of an order in a timeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimelineKey {
    /// When it was placed, in microseconds.
    pub ordered_at: i64,
    /// Its number, for those of one instant.
    pub order_id: i64,
}

/// A page of a customer's orders, newest first.
pub async fn timeline(
    db: &Database,
    customer: CustomerId,
    page: &PageRequest<TimelineKey>,
) -> Result<Page<OrderHead, TimelineKey>, Error> {
    use sales_order::Column as Of;
    let mut query = sales_order::Entity::find()
        .filter(Of::CustomerId.eq(customer.0))
        .filter(Of::SupersededAt.is_null())
        .order_by_desc(Of::OrderedAt)
        .order_by_desc(Of::OrderId)
        .limit(page.fetch());
    if let Some(after) = page.after {
        let same_instant = Condition::all()
            .add(Of::OrderedAt.eq(after.ordered_at))
            .add(Of::OrderId.lt(after.order_id));
        let older = Condition::any().add(Of::OrderedAt.lt(after.ordered_at)).add(same_instant);
        query = query.filter(older);
    }
    let rows = query.all(db.reader()).await?;
    let names = Names::load(db.reader()).await?;
    let key = |row: &sales_order::Model| TimelineKey {
        ordered_at: row.ordered_at,
        order_id: row.order_id,
    };
    Page::of(page, rows, key).try_map(|row| decode(row, &names))
}

fn decode(row: sales_order::Model, names: &Names) -> Result<OrderHead, Error> {
    Ok(OrderHead {
        source: names.get(row.source_id)?,
        external_id: row.external_id,
        kind: OrderKind::of(row.kind)?,
        status: OrderStatus::of(row.status)?,
        ordered_at: time::instant(row.ordered_at)?,
        ordered_on: time::date(row.ordered_on)?,
        currency: row.currency,
        amount: Money(row.amount),
        base_amount: Money(row.base_amount),
        line_count: row.line_count,
        channel: row.channel,
    })
}
