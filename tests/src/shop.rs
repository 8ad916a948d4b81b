//! A shop in London whose sales a test puts into the database.

use chrono::{DateTime, NaiveDate, Utc};
use kehu_core::{Money, Quantity, Reference};
use kehu_storage::{
    Database,
    business_date::{self, Decision},
    ingestion::{
        Batch, Entry, LineRow, NewOrder, Opened, OrderKind, OrderStatus, open_stream, write_batch,
    },
    settings::Settings,
};

/// The source that the shop's records come from.
pub const SOURCE: &str = "shop";

/// Pounds, and London time.
pub fn settings() -> Settings {
    Settings { base_currency: "GBP".to_owned(), time_zone: "Europe/London".to_owned() }
}

/// A completed sale of tea for this many pounds, at noon.
pub fn sale(customer: &str, external_id: &str, on: NaiveDate, pounds: i64) -> NewOrder {
    let amount = Money(pounds * 10_000);
    let line = LineRow {
        line_number: 1,
        product: Some("tea".to_owned()),
        description: None,
        category: None,
        brand: None,
        quantity: Quantity(10_000),
        unit_price: amount,
        discount: None,
        amount,
        base_amount: amount,
        cost: None,
        base_cost: None,
    };
    NewOrder {
        external_id: external_id.to_owned(),
        customer: customer.to_owned(),
        kind: OrderKind::Sale,
        status: OrderStatus::Completed,
        ordered_at: on.and_hms_opt(12, 0, 0).expect("every day has a noon").and_utc(),
        ordered_on: on,
        ordered_hour: 12,
        currency: "GBP".to_owned(),
        amount,
        base_amount: amount,
        channel: None,
        sale: None,
        lines: vec![line],
        digest: format!("{customer} {on} {pounds}"),
        source_updated_at: None,
    }
}

/// The reference of customer 1, 2, 3 …, `c001` of the shop, where only scores need one.
pub fn reference(number: i64) -> Reference {
    Reference { source: SOURCE.to_owned(), external_id: format!("c{number:03}") }
}

/// Stores records as the one batch of a new stream.
pub async fn ingest(db: &Database, stream: &str, entries: Vec<Entry>, now: DateTime<Utc>) {
    ingest_from(db, SOURCE, stream, entries, now).await;
}

/// The same for records of another source.
pub async fn ingest_from(
    db: &Database,
    source: &str,
    stream: &str,
    entries: Vec<Entry>,
    now: DateTime<Utc>,
) {
    let opened =
        open_stream(db, stream, source, "test", now).await.expect("a stream can be opened");
    let Opened::Stream(opened) = opened else { panic!("{stream} is a stream of another source") };
    let batch = Batch { sequence: 1, entries, ..Batch::default() };
    write_batch(db, &opened, &batch, now).await.expect("a batch can be written");
}

/// Fixes the business date, as for historic data.
pub async fn fix_business_date(db: &Database, date: NaiveDate) {
    let decided_at = DateTime::UNIX_EPOCH;
    let decision = Decision { fixed_on: Some(date), decided_by: "test".to_owned(), decided_at };
    business_date::decide(db, &decision).await.expect("a decision can be put on record");
}
