//! One trace shows a record from `Ingest` to its code, through four processes.

use kehu_contract::{
    coding::{ListCodeHistoryRequest, code_service_client::CodeServiceClient},
    google::r#type::{Decimal, Money},
    ingestion::{
        IngestRequest, IngestStart, LookupCustomerRequest, Order, OrderKind, OrderLine, Record,
        RecordBatch, SourceReference, customer_service_client::CustomerServiceClient,
        ingest_request, ingest_response, ingestion_service_client::IngestionServiceClient,
        lookup_customer_request::Key, record,
    },
};
use kehu_server::convert;
use kehu_tests::{
    ServerDatabase,
    collector::{Collector, hexadecimal},
    program::{Server, kehu},
    sample, until,
};
use std::collections::BTreeMap;
use tonic::Request;

/// The trace of the call, as its caller began it.
const TRACE: &str = "5bd66ef5095369c7b0d1f8f4bd33716a";
const TRACEPARENT: &str = "00-5bd66ef5095369c7b0d1f8f4bd33716a-c532cb4098ac3dd2-01";

#[tokio::test]
async fn a_record_is_followed_from_ingest_to_its_code() {
    let Some(database) = ServerDatabase::migrated().await else { return };
    sample::load(&["--database-url", &database.url], 1_000).await;
    let collector = Collector::start().await;
    let mut servers = BTreeMap::new();
    for role in ["ingestion", "scoring", "coding", "reporting"] {
        let mut command = kehu(&["serve", "--listen", "127.0.0.1:0", "--role", role]);
        command
            .args(["--database-url", &database.url])
            .env("KEHU__TELEMETRY__OTLP_ENDPOINT", &collector.endpoint);
        servers.insert(role, Server::spawn(command).await);
    }

    ingest(&servers["ingestion"].url).await;
    let customer = customer(&servers["ingestion"].url).await;
    let codes = CodeServiceClient::connect(servers["coding"].url.clone()).await.unwrap();
    until("the code is given", async || {
        let request = ListCodeHistoryRequest { customer: customer.clone(), ..Default::default() };
        let listed = codes.clone().list_code_history(request).await.unwrap();
        !listed.into_inner().codes.is_empty()
    })
    .await;
    // What they have not sent yet they send when they stop.
    for server in servers.into_values() {
        server.stop().await;
    }
    for name in [
        "kehu.ingestion.v1.IngestionService/Ingest",
        "ingest batch",
        "follow scoring",
        "follow coding",
        "follow codes",
    ] {
        let spans = collector.spans().into_iter().filter(|span| span.name == name);
        let traces: Vec<String> = spans.map(|span| hexadecimal(&span.trace_id)).collect();
        assert!(traces.contains(&TRACE.to_owned()), "{name} is of {traces:?}");
    }
}

/// Sends one order of a new customer.
async fn ingest(url: &str) {
    let start = IngestStart {
        stream_id: "one order".to_owned(),
        source: "till".to_owned(),
        origin: String::new(),
    };
    let line = OrderLine {
        line_number: 1,
        quantity: Some(Decimal { value: "1".to_owned() }),
        unit_price: Some(Money { currency_code: "GBP".to_owned(), units: 120, nanos: 0 }),
        ..Default::default()
    };
    let day = sample::AS_OF.parse::<chrono::NaiveDate>().unwrap();
    let order = Order {
        external_id: "1".to_owned(),
        customer_external_id: "1".to_owned(),
        kind: OrderKind::Sale.into(),
        order_time: Some(convert::timestamp(day.and_hms_opt(12, 0, 0).unwrap().and_utc())),
        currency_code: "GBP".to_owned(),
        lines: vec![line],
        ..Default::default()
    };
    let record = Record { line_number: 1, kind: Some(record::Kind::Order(order)) };
    let batch = RecordBatch { sequence: 1, records: vec![record] };
    let messages = [ingest_request::Message::Start(start), ingest_request::Message::Batch(batch)];
    let messages = messages.map(|message| IngestRequest { message: Some(message) });
    let mut request = Request::new(tokio_stream::iter(messages));
    request.metadata_mut().insert("traceparent", TRACEPARENT.parse().unwrap());
    let mut client = IngestionServiceClient::connect(url.to_owned()).await.unwrap();
    let mut answers = client.ingest(request).await.unwrap().into_inner();
    let mut accepted = 0;
    while let Some(answer) = answers.message().await.unwrap() {
        if let Some(ingest_response::Message::Acknowledgement(batch)) = answer.message {
            assert!(batch.rejections.is_empty(), "{:?}", batch.rejections);
            accepted += batch.accepted_count;
        }
    }
    assert_eq!(accepted, 1);
}

async fn customer(url: &str) -> String {
    let reference = SourceReference { source: "till".to_owned(), external_id: "1".to_owned() };
    let request =
        LookupCustomerRequest { key: Some(Key::Reference(reference)), ..Default::default() };
    let mut customers = CustomerServiceClient::connect(url.to_owned()).await.unwrap();
    customers.lookup_customer(request).await.unwrap().into_inner().customer.unwrap().name
}
