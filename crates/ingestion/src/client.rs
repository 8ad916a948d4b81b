//! Sends the records of a file to a server, several batches at a time.

use kehu_contract::ingestion::{
    IngestRequest, IngestResponse, IngestStart, IngestStarted, IngestTotals, ingest_request,
    ingest_response, ingestion_service_client::IngestionServiceClient,
};
use kehu_server::{
    Fault,
    client::{Client, may_resume},
};
use std::time::Duration;
use tokio::{sync::mpsc, time::sleep};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Status, Streaming};

use crate::table::{self, Profile, ReadBatch, Table};

/// Batches that are read ahead of the connection; the connection's own window adds to it.
const WINDOW: usize = 4;

/// How often in a row a stream may break off without an acknowledgement.
const PATIENCE: u32 = 5;
/// How long to wait after the first of these times; twice as long after the second, and so on.
const WAIT: Duration = Duration::from_millis(500);

/// What became of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Sent {
    /// What the file holds, whether it was sent now or before.
    pub profile: Profile,
    /// What the stream has done, in this call and before.
    pub totals: IngestTotals,
    /// Records that were sent on the last stream; 0 when the server had them all.
    pub records: u64,
}

/// Why a file could not be sent to its end. What was acknowledged is durable; the same call
/// again continues from there.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file.
    #[error(transparent)]
    Table(#[from] table::Error),
    /// The server or the connection.
    #[error("{}", .0.message())]
    Call(Box<Status>),
}

impl From<Status> for Error {
    fn from(status: Status) -> Self {
        Self::Call(Box::new(status))
    }
}

/// Sends the records of a file that the server does not hold yet. `on_progress` is told the rows
/// of the file that are dealt with, after each acknowledgement. A connection that breaks, or a
/// server that stops, is waited for: the stream goes on after what was acknowledged.
pub async fn send(
    client: IngestionServiceClient<Client>,
    start: IngestStart,
    table: Table,
    mut on_progress: impl FnMut(u64),
) -> Result<Sent, Error> {
    let mut failures = 0;
    loop {
        let mut acknowledged = false;
        let attempt = attempt(client.clone(), start.clone(), table.clone(), |lines| {
            acknowledged = true;
            on_progress(lines);
        });
        let status = match attempt.await {
            Err(Error::Call(status)) if may_resume(&status) => status,
            outcome => return outcome,
        };
        failures = if acknowledged { 1 } else { failures + 1 };
        if failures > PATIENCE {
            return Err(Error::Call(status));
        }
        tracing::info!(code = %status.code(), "the stream broke off and is resumed");
        sleep(WAIT * failures).await;
    }
}

/// One stream, from where the server is to the end of the file.
async fn attempt(
    mut client: IngestionServiceClient<Client>,
    start: IngestStart,
    table: Table,
    mut on_progress: impl FnMut(u64),
) -> Result<Sent, Error> {
    let (requests, outgoing) = mpsc::channel(WINDOW);
    let first = IngestRequest { message: Some(ingest_request::Message::Start(start)) };
    // The channel has room for it, and its other end is in hand.
    let _ = requests.send(first).await;
    let mut answers = client.ingest(ReceiverStream::new(outgoing)).await?.into_inner();
    let started = started(&mut answers).await?;
    let mut totals = started.totals.unwrap_or_default();
    let (places, mut sent) = mpsc::unbounded_channel();
    let reading = tokio::task::spawn_blocking(move || read(table, &started, &requests, &places));
    let mut acknowledged = 0;
    while let Some(answer) = answers.message().await? {
        add(&mut totals, answer);
        acknowledged += 1;
        if let Some(lines) = sent.recv().await {
            on_progress(lines);
        }
    }
    let read = reading.await.map_err(|error| Status::from(Fault::internal(error)))??;
    if acknowledged != read.batches {
        return Err(ended_early());
    }
    on_progress(read.profile.lines);
    Ok(Sent { profile: read.profile, totals, records: read.records })
}

/// The server ended the call before it had acknowledged everything.
fn ended_early() -> Error {
    Status::from(Fault::Unavailable).into()
}

/// The server's answer to the start.
async fn started(answers: &mut Streaming<IngestResponse>) -> Result<IngestStarted, Error> {
    let answer = answers.message().await?.and_then(|answer| answer.message);
    match answer {
        Some(ingest_response::Message::Started(started)) => Ok(started),
        Some(ingest_response::Message::Acknowledgement(_)) | None => Err(ended_early()),
    }
}

fn add(totals: &mut IngestTotals, answer: IngestResponse) {
    if let Some(ingest_response::Message::Acknowledgement(batch)) = answer.message {
        totals.accepted_count += i64::from(batch.accepted_count);
        totals.unchanged_count += i64::from(batch.unchanged_count);
        totals.rejected_count += i64::from(batch.rejected_count);
    }
}

/// What was read of a file, and sent.
struct Read {
    profile: Profile,
    records: u64,
    batches: u64,
}

/// Reads the file and sends on the batches that the server does not hold, with the row that
/// each ends on to `places`. All of it is read even when the server holds everything: the
/// profile is that of the file. It stops when the call takes no more.
fn read(
    table: Table,
    started: &IngestStarted,
    requests: &mpsc::Sender<IngestRequest>,
    places: &mpsc::UnboundedSender<u64>,
) -> Result<Read, table::Error> {
    let mut reader = table.read(&started.time_zone, &started.base_currency_code)?;
    let (mut records, mut batches) = (0, 0);
    for read in reader.by_ref() {
        let ReadBatch { batch, lines_read } = read?;
        if batch.sequence < started.next_sequence {
            continue;
        }
        records += batch.records.len() as u64;
        batches += 1;
        // Who waits for the answers learns why the call failed.
        let _ = places.send(lines_read);
        let message = Some(ingest_request::Message::Batch(batch));
        if requests.blocking_send(IngestRequest { message }).is_err() {
            break;
        }
    }
    Ok(Read { profile: reader.profile(), records, batches })
}
