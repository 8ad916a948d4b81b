//! A server of the ingestion role, and calls of it.

use kehu_contract::ingestion::{
    BatchAcknowledgement, IngestRequest, IngestResponse, IngestStart, IngestStarted, Record,
    RecordBatch, customer_service_client::CustomerServiceClient, ingest_request::Message,
    ingest_response, ingestion_service_client::IngestionServiceClient,
};
use kehu_ingestion::Ingestion;
use kehu_server::client::Client;
use kehu_storage::Database;
use kehu_storage::change_log::{self, Position, Topic};
use kehu_tests::{Served, TestDatabase, shop};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Status, Streaming};

/// The role, served until it is dropped.
pub(crate) struct Server {
    pub(crate) database: Database,
    served: Served,
}

impl Server {
    pub(crate) async fn start(database: &TestDatabase) -> Self {
        let database = database.database.clone();
        let role = Ingestion::new(database.clone(), shop::settings());
        let served = Served::start(|routes| role.routes(routes)).await;
        Self { database, served }
    }

    pub(crate) fn ingestion(&self) -> IngestionServiceClient<Client> {
        IngestionServiceClient::new(self.served.client.clone())
    }

    pub(crate) fn customers(&self) -> CustomerServiceClient<Client> {
        CustomerServiceClient::new(self.served.client.clone())
    }

    pub(crate) fn client(&self) -> Client {
        self.served.client.clone()
    }

    /// Opens a call of `Ingest` with this first message.
    pub(crate) async fn call(&self, first: Option<Message>) -> Call {
        let (requests, outgoing) = mpsc::channel(64);
        let call = IngestRequest { message: first };
        requests.send(call).await.unwrap();
        let answers = self.ingestion().ingest(ReceiverStream::new(outgoing)).await.unwrap();
        Call { requests: Some(requests), answers: answers.into_inner() }
    }

    /// Opens a stream of the source `shop`.
    pub(crate) async fn open(&self, stream_id: &str) -> (Call, IngestStarted) {
        let mut call = self.call(Some(start(stream_id, "shop"))).await;
        let started = call.started().await;
        (call, started)
    }

    /// Sends the records as the one batch of a stream.
    pub(crate) async fn ingest(
        &self,
        stream_id: &str,
        records: Vec<Record>,
    ) -> BatchAcknowledgement {
        let (mut call, _) = self.open(stream_id).await;
        call.send(1, records).await;
        let acknowledgement = call.acknowledgement().await.unwrap();
        call.end().await;
        acknowledgement
    }

    /// The last change, as its customers, first and last day.
    pub(crate) async fn last_change(&self) -> (Vec<i64>, String, String) {
        let changes = change_log::read(&self.database, Topic::Facts, Position::START, 1_000).await;
        let change = changes.unwrap().pop().unwrap();
        let customers = change.customers.iter().map(|customer| customer.0).collect();
        (customers, change.first_day.to_string(), change.last_day.to_string())
    }

    pub(crate) async fn change_count(&self) -> usize {
        let changes = change_log::read(&self.database, Topic::Facts, Position::START, 1_000).await;
        changes.unwrap().len()
    }
}

/// A call of `Ingest`.
pub(crate) struct Call {
    requests: Option<mpsc::Sender<IngestRequest>>,
    answers: Streaming<IngestResponse>,
}

impl Call {
    pub(crate) async fn message(&mut self, message: Option<Message>) {
        let requests = self.requests.as_ref().unwrap();
        // A call that has failed takes no more, which its answer tells.
        let _ = requests.send(IngestRequest { message }).await;
    }

    pub(crate) async fn send(&mut self, sequence: i64, records: Vec<Record>) {
        self.message(Some(Message::Batch(RecordBatch { sequence, records }))).await;
    }

    pub(crate) async fn started(&mut self) -> IngestStarted {
        match self.answers.message().await.unwrap().unwrap().message.unwrap() {
            ingest_response::Message::Started(started) => started,
            other => panic!("not a start: {other:?}"),
        }
    }

    pub(crate) async fn acknowledgement(&mut self) -> Result<BatchAcknowledgement, Status> {
        let answer = self.answers.message().await?.expect("the server answers each batch");
        match answer.message.unwrap() {
            ingest_response::Message::Acknowledgement(acknowledgement) => Ok(acknowledgement),
            other => panic!("not an acknowledgement: {other:?}"),
        }
    }

    /// The fault that the call ends with.
    pub(crate) async fn fault(&mut self) -> Status {
        loop {
            match self.answers.message().await {
                Ok(Some(_)) => {}
                Ok(None) => panic!("the call ended well"),
                Err(status) => return status,
            }
        }
    }

    /// Ends the call from the caller's side; nothing must be left to answer.
    pub(crate) async fn end(mut self) {
        self.requests = None;
        assert_eq!(self.answers.message().await.unwrap(), None);
    }
}

pub(crate) fn start(stream_id: &str, source: &str) -> Message {
    Message::Start(IngestStart {
        stream_id: stream_id.to_owned(),
        source: source.to_owned(),
        origin: "test.csv".to_owned(),
    })
}
