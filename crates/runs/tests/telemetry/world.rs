//! What passes a record on: ingestion behind the trace layer, followers, a worker.

use async_trait::async_trait;
use kehu_contract::ingestion::{
    CustomerProfile, CustomerRecord, IngestRequest, IngestStart, Record, RecordBatch,
    ingest_request::Message, ingestion_service_client::IngestionServiceClient, record::Kind,
};
use kehu_ingestion::Ingestion;
use kehu_runs::{CursorMove, Follower, Job, RunContext, Worker, follow};
use kehu_server::{
    Fault,
    layers::{middleware::Layered, trace::Trace},
    telemetry::rpc::Call,
};
use kehu_storage::{
    Database,
    change_log::{self, Change, Topic},
    run::{self, Cut},
    settings::Settings,
};
use kehu_tests::changes::change;
use std::{sync::Arc, time::Duration};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tokio_util::sync::CancellationToken;
use tonic::{Code, Request, metadata::MetadataMap, service::RoutesBuilder, transport::Server};
use tracing::Instrument;

/// Serves ingestion on a free port, whose URL it returns.
pub(crate) async fn serve(db: &Database) -> String {
    let settings =
        Settings { base_currency: "EUR".to_owned(), time_zone: "Europe/Berlin".to_owned() };
    let mut routes = RoutesBuilder::default();
    Ingestion::new(db.clone(), settings).routes(&mut routes);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = Server::builder().layer(Layered(Trace)).add_routes(routes.routes());
    tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));
    url
}

/// Ingests a good customer and an empty record. Returns the trace of the call.
pub(crate) async fn ingest(url: String) -> String {
    let profile = CustomerProfile { region_code: "DE".to_owned(), ..CustomerProfile::default() };
    let customer = CustomerRecord {
        external_id: "\u{200b}1".to_owned(),
        profile: Some(profile),
        ..Default::default()
    };
    let good = Record { kind: Some(Kind::Customer(customer)), ..Record::default() };
    let batch = RecordBatch { sequence: 1, records: vec![good, Record::default()] };
    let start =
        IngestStart { stream_id: "s".to_owned(), source: "shop".to_owned(), origin: String::new() };
    let messages = [Message::Start(start), Message::Batch(batch)];
    let messages = messages.map(|message| IngestRequest { message: Some(message) });
    let mut request = Request::new(tokio_stream::iter(messages));
    let mut headers = http::HeaderMap::new();
    let mut call = Call::make("/kehu.ingestion.v1.IngestionService/Ingest", &mut headers);
    let traceparent = headers["traceparent"].to_str().unwrap().to_owned();
    *request.metadata_mut() = MetadataMap::from_headers(headers);
    let answered = async {
        let mut client = IngestionServiceClient::connect(url).await.unwrap();
        let mut answers = client.ingest(request).await.unwrap().into_inner();
        while answers.message().await.unwrap().is_some() {}
    };
    answered.instrument(call.span().clone()).await;
    call.end(Code::Ok);
    traceparent[3..35].to_owned()
}

/// Passes each batch on as one change of another topic, or fails.
pub(crate) struct Relay {
    pub(crate) db: Database,
    pub(crate) consumer: &'static str,
    pub(crate) from: Topic,
    pub(crate) to: Option<Topic>,
    pub(crate) fails: bool,
}

#[async_trait]
impl Follower for Relay {
    fn consumer(&self) -> &'static str {
        self.consumer
    }

    fn topic(&self) -> Topic {
        self.from
    }

    async fn apply(&self, _: &[Change], cursor: CursorMove) -> Result<(), Fault> {
        if self.fails {
            return Err(Fault::Conflict);
        }
        let transaction = self.db.begin().await?;
        change_log::advance(&transaction, self.consumer, cursor.from, cursor.to).await?;
        if let Some(topic) = self.to {
            change_log::append(&transaction, &change(topic)).await?;
        }
        Ok(transaction.commit().await?)
    }
}

/// Follows in the background until `stop`.
pub(crate) fn start_relay(relay: Relay, stop: &CancellationToken) {
    tokio::spawn(follow(relay.db.clone(), Arc::new(relay), "relay".to_owned(), stop.clone()));
}

/// Does nothing with customers, and ends well.
struct Nothing(Database);

#[async_trait]
impl Job for Nothing {
    fn kind(&self) -> run::Kind {
        run::Kind { name: "scoring", cut: Cut::Ranges, after: &[] }
    }

    async fn execute(&self, context: &RunContext) -> Result<(), Fault> {
        while let Some(partition) = context.next().await? {
            let transaction = self.0.begin().await?;
            context.finish_partition(&transaction, &partition, 1, 0).await?;
            transaction.commit().await?;
        }
        Ok(())
    }
}

/// Carries out runs in the background until `stop`.
pub(crate) fn start_worker(db: &Database, stop: &CancellationToken) {
    let worker = Worker::new(db.clone(), Arc::new(Nothing(db.clone())), "worker".to_owned());
    tokio::spawn(worker.work(stop.clone()));
}

/// Waits until `is_so`, for ten seconds at most.
pub(crate) async fn wait(what: &str, is_so: impl AsyncFn() -> bool) {
    for _ in 0..500 {
        if is_so().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{what} did not come about");
}
