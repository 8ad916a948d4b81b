//! Load for the benchmarks `ingest-…` of `tests/bench/run`: starts a server on a database, sends
//! orders with a line and a customer key each, and prints how many a second were acknowledged.
//!
//! `ingest DATABASE STREAMS ORDERS HELD`: so many orders over so many streams at once; of a hundred
//! orders, HELD were sent before. DATABASE is the URL of one of PostgreSQL, or the folder of an
//! embedded one.

use futures::future::try_join_all;
use kehu_contract::google::r#type::{Decimal, Money};
use kehu_contract::ingestion::{
    IngestRequest, IngestStart, Order, OrderKind, OrderLine, Record, RecordBatch,
    ingest_request::Message, ingest_response, ingestion_service_client::IngestionServiceClient,
    record::Kind,
};
use kehu_tests::program::Server;
use sea_orm::ConnectionTrait;
use std::{
    error::Error,
    io::{Write, stdout},
    ops::Range,
    time::Instant,
};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::Channel;

/// What one message may hold.
const BATCH: u64 = 5_000;
/// Orders of one customer.
const ORDERS_EACH: u64 = 10;
/// Batches that are built ahead of the connection.
const AHEAD: usize = 4;
/// The first second of 2011, and how far apart orders are.
const START: i64 = 1_293_840_000;
const APART: i64 = 60;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [database, numbers @ ..] = &arguments[..] else { return Err(usage()) };
    let numbers: Vec<u64> = numbers.iter().map(|text| text.parse()).collect::<Result<_, _>>()?;
    let [streams, orders, held] = numbers[..] else { return Err(usage()) };
    let server = serve(database).await;
    let channel = Channel::from_shared(server.url.clone())?.connect().await?;
    let before = |number: &u64| number % 100 < held;
    if held > 0 {
        send(&channel, "before", (0..orders).filter(before).collect()).await?;
    }
    if is_postgres(database) {
        sea_orm::Database::connect(database).await?.execute_unprepared("CHECKPOINT").await?;
    }
    let began = Instant::now();
    let each = orders.div_ceil(streams);
    let ranges = (0..streams).map(|stream| stream * each..orders.min((stream + 1) * each));
    try_join_all(ranges.map(|range| stream(&channel, range))).await?;
    let rate = f64::from(u32::try_from(orders)?) / began.elapsed().as_secs_f64();
    writeln!(stdout(), "{rate:.0}")?;
    Ok(())
}

fn usage() -> Box<dyn Error> {
    "ingest DATABASE STREAMS ORDERS HELD".into()
}

fn is_postgres(database: &str) -> bool {
    database.starts_with("postgres://")
}

async fn serve(database: &str) -> Server {
    let serve = ["serve", "--listen", "127.0.0.1:0", "--role", "ingestion", "--log", "warn"];
    let mut command = kehu_tests::program::kehu(&serve);
    if is_postgres(database) {
        command.env("KEHU__STORAGE__DATABASE_URL", database);
    } else {
        command.args(["--data-dir", database]);
    }
    Server::spawn(command).await
}

async fn stream(channel: &Channel, orders: Range<u64>) -> Result<(), Box<dyn Error>> {
    let name = format!("from {}", orders.start);
    send(channel, &name, orders.collect()).await
}

/// Sends orders over a new stream until all are acknowledged.
async fn send(channel: &Channel, stream: &str, orders: Vec<u64>) -> Result<(), Box<dyn Error>> {
    let (requests, outgoing) = mpsc::channel(AHEAD);
    let start = IngestStart {
        stream_id: stream.to_owned(),
        source: "shop".to_owned(),
        origin: String::new(),
    };
    requests.send(IngestRequest { message: Some(Message::Start(start)) }).await?;
    let count = orders.len().div_ceil(usize::try_from(BATCH)?);
    let sending = tokio::spawn(async move {
        for (sequence, numbers) in (1..).zip(orders.chunks(usize::try_from(BATCH).unwrap_or(1))) {
            let records = numbers.iter().copied().map(order).collect();
            let batch = Message::Batch(RecordBatch { sequence, records });
            if requests.send(IngestRequest { message: Some(batch) }).await.is_err() {
                return;
            }
        }
    });
    let mut client = IngestionServiceClient::new(channel.clone());
    let mut answers = client.ingest(ReceiverStream::new(outgoing)).await?.into_inner();
    let mut acknowledged = 0;
    while let Some(answer) = answers.message().await? {
        if let Some(ingest_response::Message::Acknowledgement(batch)) = answer.message {
            if batch.rejected_count > 0 {
                return Err("an order was refused".into());
            }
            acknowledged += 1;
        }
    }
    sending.await?;
    if acknowledged != count {
        return Err(format!("{acknowledged} of {count} batches were acknowledged").into());
    }
    Ok(())
}

fn order(number: u64) -> Record {
    let seconds = START + i64::try_from(number).unwrap_or_default() * APART;
    let line = OrderLine {
        line_number: 1,
        product_code: format!("P{:05}", number % 4_000),
        quantity: Some(Decimal { value: (number % 12 + 1).to_string() }),
        unit_price: Some(Money { units: 2, nanos: 500_000_000, ..Default::default() }),
        ..Default::default()
    };
    let order = Order {
        external_id: format!("order-{number:08}"),
        customer_external_id: format!("customer-{:07}", number / ORDERS_EACH),
        kind: OrderKind::Sale.into(),
        order_time: Some(prost_types::Timestamp { seconds, nanos: 0 }),
        currency_code: "CNY".to_owned(),
        lines: vec![line],
        ..Default::default()
    };
    Record { line_number: 0, kind: Some(Kind::Order(order)) }
}
