//! Load for `tests/bench/run upsert` and `upsert-orders`: starts a server on a PostgreSQL
//! database, writes one record a call or message from 64 clients at once, each when the one before
//! was answered, and prints how many a second.
//!
//! `upsert URL customers SECONDS` calls UpsertCustomer; `upsert URL orders SECONDS` sends messages
//! of one order over open streams.

use futures::future::try_join_all;
use kehu_contract::google::r#type::{Decimal, Money};
use kehu_contract::ingestion::{
    CustomerProfile, IngestRequest, IngestStart, Order, OrderKind, OrderLine, Record, RecordBatch,
    SourceReference, UpsertCustomerRequest, customer_service_client::CustomerServiceClient,
    ingest_request::Message, ingestion_service_client::IngestionServiceClient, record::Kind,
};
use kehu_tests::program::{Server, kehu};
use std::{
    error::Error,
    io::{Write, stdout},
    time::{Duration, Instant},
};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::Channel;

const CLIENTS: u32 = 64;
/// A client writes so many different records in turn.
const RECORDS: u32 = 1_000;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, what, seconds] = &arguments[..] else {
        return Err("upsert URL customers|orders SECONDS".into());
    };
    let serve = ["serve", "--listen", "127.0.0.1:0", "--role", "ingestion", "--log", "warn"];
    let mut command = kehu(&serve);
    command.env("KEHU__STORAGE__DATABASE_URL", url);
    let server = Server::spawn(command).await;
    let endpoint = Channel::from_shared(server.url.clone())?;
    // A connection each, as clients have, and as the other side's have.
    let channels = try_join_all((0..CLIENTS).map(|_| endpoint.connect())).await?;
    let clients = (0..CLIENTS).zip(channels);
    let began = Instant::now();
    let end = began + Duration::from_secs(seconds.parse()?);
    let counts = match what.as_str() {
        "customers" => {
            try_join_all(clients.map(|(client, channel)| customers(channel, client, end))).await?
        }
        _ => try_join_all(clients.map(|(client, channel)| orders(channel, client, end))).await?,
    };
    let rate = f64::from(counts.iter().sum::<u32>()) / began.elapsed().as_secs_f64();
    writeln!(stdout(), "{rate:.0}")?;
    Ok(())
}

async fn customers(channel: Channel, client: u32, end: Instant) -> Result<u32, Box<dyn Error>> {
    let mut service = CustomerServiceClient::new(channel);
    let mut count = 0;
    while Instant::now() < end {
        let profile = CustomerProfile {
            display_name: format!("name {count}"),
            city: "Shanghai".to_owned(),
            ..Default::default()
        };
        let reference = SourceReference {
            source: "crm".to_owned(),
            external_id: format!("customer-{client}-{}", count % RECORDS),
        };
        let request = UpsertCustomerRequest {
            reference: Some(reference),
            profile: Some(profile),
            ..Default::default()
        };
        service.upsert_customer(request).await?;
        count += 1;
    }
    Ok(count)
}

async fn orders(channel: Channel, client: u32, end: Instant) -> Result<u32, Box<dyn Error>> {
    let (requests, outgoing) = mpsc::channel(1);
    let start = IngestStart {
        stream_id: format!("stream-{client}"),
        source: "shop".to_owned(),
        origin: String::new(),
    };
    requests.send(IngestRequest { message: Some(Message::Start(start)) }).await?;
    let mut service = IngestionServiceClient::new(channel);
    let mut answers = service.ingest(ReceiverStream::new(outgoing)).await?.into_inner();
    answers.message().await?;
    let mut count = 0;
    while Instant::now() < end {
        let records = vec![order(client, count)];
        let batch = RecordBatch { sequence: i64::from(count) + 1, records };
        requests.send(IngestRequest { message: Some(Message::Batch(batch)) }).await?;
        answers.message().await?.ok_or("the stream ended")?;
        count += 1;
    }
    Ok(count)
}

/// An order of one of the client's customers, with a price that it did not have before.
fn order(client: u32, count: u32) -> Record {
    let line = OrderLine {
        line_number: 1,
        product_code: "P1".to_owned(),
        quantity: Some(Decimal { value: "1".to_owned() }),
        unit_price: Some(Money { units: i64::from(count), ..Default::default() }),
        ..Default::default()
    };
    let number = count % RECORDS;
    let order = Order {
        external_id: format!("order-{client}-{number}"),
        customer_external_id: format!("customer-{client}-{}", number / 10),
        kind: OrderKind::Sale.into(),
        order_time: Some(prost_types::Timestamp { seconds: 1_293_840_000, nanos: 0 }),
        currency_code: "CNY".to_owned(),
        lines: vec![line],
        ..Default::default()
    };
    Record { line_number: 0, kind: Some(Kind::Order(order)) }
}
