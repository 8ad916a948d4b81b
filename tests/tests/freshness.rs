//! Whoever reads with the token of a write sees what follows from it, without waiting by itself.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use kehu_contract::{
    coding::{
        GetClassificationRequest, ListCodeHistoryRequest,
        classification_service_client::ClassificationServiceClient,
        code_service_client::CodeServiceClient,
    },
    google::r#type::{Decimal, Money},
    ingestion::{
        CustomerProfile, IngestRequest, IngestStart, LookupCustomerRequest, Order, OrderKind,
        OrderLine, Record, RecordBatch, SourceReference, UpsertCustomerRequest,
        customer_service_client::CustomerServiceClient, ingest_request::Message, ingest_response,
        ingestion_service_client::IngestionServiceClient, lookup_customer_request::Key,
        record::Kind,
    },
    scoring::{GetScoreRequest, scoring_service_client::ScoringServiceClient},
};
use kehu_server::client::{Client, ClientOptions};
use kehu_tests::{ServerDatabase, program::Server, sample};
use prost_types::Timestamp;
use std::time::Duration;
use tonic::{Code, Request};

const SOURCE: &str = "crm";
/// New customers, one after the other.
const CUSTOMERS: u32 = 5;
/// Noon of the business date.
const NOON: i64 = 1_292_328_000;
/// Longer than any machine takes.
const PATIENCE: Duration = Duration::from_secs(25);

#[tokio::test]
async fn who_writes_reads_what_follows_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("data").display().to_string();
    reads_its_writes(&["--data-dir", &folder]).await;
}

#[tokio::test]
async fn who_writes_reads_what_follows_on_postgres() {
    let Some(database) = ServerDatabase::migrated().await else { return };
    reads_its_writes(&["--database-url", &database.url]).await;
}

async fn reads_its_writes(store: &[&str]) {
    sample::load(store, 2_000).await;
    let server = Server::start(store).await;
    let client = Client::new(ClientOptions::new(&server.url)).await.unwrap();
    for number in 0..CUSTOMERS {
        let key = format!("new-{number}");
        let token = order(&client, &key, number).await;
        let customer = customer(&client, &key).await;
        scored_classified_and_coded(&client, &customer, &token).await;
    }
    upserted_and_classified(&client).await;
    let foreign = score(&client, "customers/1", "F0").await.unwrap_err();
    assert_eq!(foreign.code(), Code::InvalidArgument, "{foreign:?}");
    server.stop().await;
}

/// The new customer has all that follows from its order, and reads of one kind can be told to be no
/// older than those of another.
async fn scored_classified_and_coded(client: &Client, customer: &str, token: &str) {
    let request = ListCodeHistoryRequest {
        customer: customer.to_owned(),
        at_least_as_fresh: token.to_owned(),
    };
    let codes = CodeServiceClient::new(client.clone()).list_code_history(in_time(request)).await;
    let codes = codes.unwrap().into_inner();
    assert_eq!(codes.codes.len(), 1, "a code of the standard scheme");

    let request = GetClassificationRequest {
        customer: customer.to_owned(),
        taxonomy: "abc".to_owned(),
        at_least_as_fresh: codes.freshness_token,
        ..Default::default()
    };
    let mut classes = ClassificationServiceClient::new(client.clone());
    let class = classes.get_classification(in_time(request)).await.unwrap().into_inner();
    assert_eq!(class.classification.unwrap().customer, customer);

    let scored = score(client, customer, &class.freshness_token).await.unwrap();
    assert_eq!(scored.score.unwrap().customer, customer);
    score(client, customer, &scored.freshness_token).await.unwrap();
}

/// What is written by a call of its own is followed like what comes on a stream.
async fn upserted_and_classified(client: &Client) {
    let reference =
        SourceReference { source: SOURCE.to_owned(), external_id: "upserted".to_owned() };
    let registration_date = kehu_tests::date("2010-12-01");
    let request = UpsertCustomerRequest {
        reference: Some(reference),
        profile: Some(CustomerProfile { registration_date, ..Default::default() }),
        ..Default::default()
    };
    let mut customers = CustomerServiceClient::new(client.clone());
    let written = customers.upsert_customer(request).await.unwrap().into_inner();
    let request = GetClassificationRequest {
        customer: written.customer.unwrap().name,
        taxonomy: "abc".to_owned(),
        at_least_as_fresh: written.freshness_token,
        ..Default::default()
    };
    let mut classes = ClassificationServiceClient::new(client.clone());
    classes.get_classification(in_time(request)).await.unwrap();
}

async fn score(
    client: &Client,
    customer: &str,
    token: &str,
) -> Result<kehu_contract::scoring::GetScoreResponse, tonic::Status> {
    let request = GetScoreRequest {
        customer: customer.to_owned(),
        scorecard: "abc".to_owned(),
        at_least_as_fresh: token.to_owned(),
        ..Default::default()
    };
    let answer = ScoringServiceClient::new(client.clone()).get_score(in_time(request)).await;
    Ok(answer?.into_inner())
}

fn in_time<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.set_timeout(PATIENCE);
    request
}

/// Sends the first order of a customer, and returns the token of the acknowledgement.
async fn order(client: &Client, key: &str, number: u32) -> String {
    let line = OrderLine {
        line_number: 1,
        product_code: "tea".to_owned(),
        quantity: Some(Decimal { value: "1".to_owned() }),
        unit_price: Some(Money { units: 1_000, ..Default::default() }),
        ..Default::default()
    };
    let order = Order {
        external_id: format!("order-{number}"),
        customer_external_id: key.to_owned(),
        kind: OrderKind::Sale.into(),
        order_time: Some(Timestamp { seconds: NOON, nanos: 0 }),
        currency_code: "GBP".to_owned(),
        lines: vec![line],
        ..Default::default()
    };
    let record = Record { line_number: 0, kind: Some(Kind::Order(order)) };
    let start = IngestStart {
        stream_id: key.to_owned(),
        source: SOURCE.to_owned(),
        origin: "test".to_owned(),
    };
    let batch = RecordBatch { sequence: 1, records: vec![record] };
    let messages = [Message::Start(start), Message::Batch(batch)];
    let requests = messages.map(|message| IngestRequest { message: Some(message) });
    let mut ingestion = IngestionServiceClient::new(client.clone());
    let answers = ingestion.ingest(tokio_stream::iter(requests)).await.unwrap();
    let mut answers = answers.into_inner();
    while let Some(answer) = answers.message().await.unwrap() {
        if let Some(ingest_response::Message::Acknowledgement(done)) = answer.message {
            assert_eq!((done.accepted_count, done.rejections), (1, vec![]));
            return done.freshness_token;
        }
    }
    panic!("the batch was not acknowledged");
}

async fn customer(client: &Client, key: &str) -> String {
    let reference = SourceReference { source: SOURCE.to_owned(), external_id: key.to_owned() };
    let request =
        LookupCustomerRequest { key: Some(Key::Reference(reference)), ..Default::default() };
    let found = CustomerServiceClient::new(client.clone()).lookup_customer(request).await.unwrap();
    found.into_inner().customer.unwrap().name
}
