//! Sends the records of a file to a server, several batches at a time.

use chrono::NaiveDate;
use kehu_contract::ingestion::{
    BatchAcknowledgement, IngestRequest, IngestResponse, IngestStart, IngestStarted, IngestTotals,
    ListRejectsRequest, Problem, ProblemReason, ReusedKey, ingest_request, ingest_response,
    ingestion_service_client::IngestionServiceClient,
};
use kehu_core::calendar::BusinessCalendar;
use kehu_server::{
    Fault,
    client::{Client, may_resume},
    clock,
};
use kehu_tables::{self as tables, OrderFigures, Profile, ReadBatch, Table};
use std::{collections::HashMap, time::Duration};
use tokio::{sync::mpsc, time::sleep};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Status, Streaming};

/// Batches that are read ahead of the connection; the connection's own window adds to it.
const WINDOW: usize = 4;

/// How often in a row a stream may break off without an acknowledgement.
const PATIENCE: u32 = 5;
/// How long to wait after the first of these times; twice as long after the second, and so on.
const WAIT: Duration = Duration::from_millis(500);
/// So many keys that were used again are told.
const REUSED: usize = 3;

/// What became of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Sent {
    /// The id of the stream that it was sent on last.
    pub stream_id: String,
    /// What the file holds, and what was loaded or refused of it, now or before.
    pub profile: Profile,
    /// What the stream has done, in this call and before.
    pub totals: IngestTotals,
    /// Records that were sent on the last stream; 0 when the server had them all.
    pub records: u64,
    /// Keys of records of this call that took the place of others, the first of them.
    pub reused: Vec<ReusedKey>,
}

/// Why a file could not be sent to its end. What was acknowledged is durable; the same call
/// again continues from there.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file.
    #[error(transparent)]
    Table(#[from] tables::Error),
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
/// server that stops, is waited for: the stream goes on after what was acknowledged. Where another
/// file of the source was sent since, the whole file is sent again, so that the last one holds.
pub async fn send(
    client: IngestionServiceClient<Client>,
    start: IngestStart,
    table: Table,
    mut on_progress: impl FnMut(u64),
) -> Result<Sent, Error> {
    let mut failures = 0;
    let mut start = start;
    let mut times = 1_u64;
    let first_id = start.stream_id.clone();
    loop {
        let mut acknowledged = false;
        let attempt = attempt(client.clone(), start.clone(), table.clone(), |lines| {
            acknowledged = true;
            on_progress(lines);
        });
        let status = match attempt.await {
            Ok(Some(sent)) => return Ok(sent),
            Ok(None) => {
                times += 1;
                start.stream_id = format!("{first_id}-{times}");
                continue;
            }
            Err(Error::Call(status)) if may_resume(&status) => status,
            Err(error) => return Err(error),
        };
        failures = if acknowledged { 1 } else { failures + 1 };
        if failures > PATIENCE {
            return Err(Error::Call(status));
        }
        tracing::warn!(why = status.message(), "the stream broke off and is resumed");
        sleep(WAIT * failures).await;
    }
}

/// One stream, from where the server is to the end of the file; `None` when another stream has
/// written since, so that it takes a new one to make the file hold again.
async fn attempt(
    mut client: IngestionServiceClient<Client>,
    start: IngestStart,
    table: Table,
    mut on_progress: impl FnMut(u64),
) -> Result<Option<Sent>, Error> {
    let (requests, outgoing) = mpsc::channel(WINDOW);
    let stream_id = start.stream_id.clone();
    let orders = table.kind() == tables::FileKind::Orders;
    let first = IngestRequest { message: Some(ingest_request::Message::Start(start)) };
    // The channel has room for it, and its other end is in hand.
    let _ = requests.send(first).await;
    let mut answers = client.ingest(ReceiverStream::new(outgoing)).await?.into_inner();
    let started = started(&mut answers).await?;
    if started.overtaken {
        return Ok(None);
    }
    let today = Today::of(&started)?;
    let mut totals = started.totals.unwrap_or_default();
    let refused = refused_before(&mut client, &stream_id, &totals, orders).await?;
    let (places, mut sent) = mpsc::unbounded_channel();
    let reading = tokio::task::spawn_blocking(move || {
        read(table, &started, &today, &refused, &requests, &places)
    });
    let mut acknowledged = 0;
    let mut counted = Profile::default();
    let mut reused = Vec::new();
    while let Some(answer) = answers.message().await? {
        let Some(ingest_response::Message::Acknowledgement(batch)) = answer.message else {
            continue;
        };
        add(&mut totals, &batch);
        let room = REUSED.saturating_sub(reused.len());
        reused.extend(batch.reused_keys.iter().take(room).cloned());
        acknowledged += 1;
        if let Some(place) = sent.recv().await {
            count(&mut counted, &place.orders, &batch, &today);
            on_progress(place.lines);
        }
    }
    let read = reading.await.map_err(|error| Status::from(Fault::internal(error)))??;
    if acknowledged != read.batches {
        return Err(ended_early());
    }
    on_progress(read.profile.lines);
    let profile = read.profile.with_orders(read.earlier).with_orders(counted);
    Ok(Some(Sent { stream_id, profile, totals, records: read.records, reused }))
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

/// Today in the enterprise's time zone.
#[derive(Debug, Clone, Copy)]
struct Today {
    calendar: BusinessCalendar,
    date: NaiveDate,
}

impl Today {
    fn of(started: &IngestStarted) -> Result<Self, Error> {
        let calendar = BusinessCalendar::new(&started.time_zone);
        let calendar = calendar.map_err(|error| Status::from(Fault::internal(error)))?;
        Ok(Self { calendar, date: calendar.date(clock::now()) })
    }

    fn is_before(&self, order: &OrderFigures) -> bool {
        self.calendar.date(order.at) > self.date
    }
}

fn add(totals: &mut IngestTotals, batch: &BatchAcknowledgement) {
    totals.accepted_count += i64::from(batch.accepted_count);
    totals.unchanged_count += i64::from(batch.unchanged_count);
    totals.rejected_count += i64::from(batch.rejected_count);
    totals.reused_count += i64::from(batch.reused_count);
    totals.cleaned_count += i64::from(batch.cleaned_count);
}

/// Counts the orders of a batch by what became of them.
fn count(
    counted: &mut Profile,
    orders: &[OrderFigures],
    batch: &BatchAcknowledgement,
    today: &Today,
) {
    let mut refused = HashMap::new();
    for rejection in &batch.rejections {
        let reason = rejection.problems.first().map_or(ProblemReason::Unspecified, Problem::reason);
        refused.insert(usize::try_from(rejection.record_index).ok(), reason);
    }
    for order in orders {
        match refused.get(&Some(order.record)) {
            Some(reason) => counted.refuse_order(order, *reason),
            None => counted.add_order(order, today.is_before(order)),
        }
    }
}

/// Why the server, and not the reader of the file, may refuse an order.
const BY_SERVER: [ProblemReason; 2] = [ProblemReason::RateMissing, ProblemReason::OutOfRange];

/// Why it may refuse a record of another kind besides. Of an order's line the record of its customer may
/// be refused so, and the order is not.
const BY_SERVER_TOO: [ProblemReason; 7] = [
    ProblemReason::FieldMissing,
    ProblemReason::DateInvalid,
    ProblemReason::ValueUnknown,
    ProblemReason::DuplicateLine,
    ProblemReason::OrderInconsistent,
    ProblemReason::AttributeUndeclared,
    ProblemReason::BasisMissing,
];

/// The lines that the server refused when the file was sent before. A caller who may not read
/// rejects gets none: its figures then count those orders as loaded.
async fn refused_before(
    client: &mut IngestionServiceClient<Client>,
    stream_id: &str,
    totals: &IngestTotals,
    orders: bool,
) -> Result<HashMap<i64, ProblemReason>, Status> {
    let mut refused = HashMap::new();
    if totals.rejected_count == 0 {
        return Ok(refused);
    }
    let others: &[ProblemReason] = if orders { &[] } else { &BY_SERVER_TOO };
    for reason in BY_SERVER.iter().chain(others).copied() {
        let mut request = ListRejectsRequest {
            page_size: 1_000,
            stream_id: stream_id.to_owned(),
            reason: reason.into(),
            ..ListRejectsRequest::default()
        };
        loop {
            let page = match client.list_rejects(request.clone()).await {
                Ok(page) => page.into_inner(),
                Err(status) if status.code() == Code::PermissionDenied => return Ok(refused),
                Err(status) => return Err(status),
            };
            refused.extend(page.rejects.iter().map(|reject| (reject.line_number, reason)));
            if page.next_page_token.is_empty() {
                break;
            }
            request.page_token = page.next_page_token;
        }
    }
    Ok(refused)
}

/// A batch that was sent.
struct Place {
    /// The row of the file that it ends on.
    lines: u64,
    orders: Vec<OrderFigures>,
}

/// What was read of a file, and sent.
struct Read {
    profile: Profile,
    /// The orders that had been sent before.
    earlier: Profile,
    records: u64,
    batches: u64,
}

/// Reads the file and sends on the batches that the server does not hold, with the row that
/// each ends on to `places`. All of it is read even when the server holds everything: the
/// profile is that of the file. It stops when the call takes no more.
fn read(
    table: Table,
    started: &IngestStarted,
    today: &Today,
    refused: &HashMap<i64, ProblemReason>,
    requests: &mpsc::Sender<IngestRequest>,
    places: &mpsc::UnboundedSender<Place>,
) -> Result<Read, tables::Error> {
    let mut reader = table.read(&started.time_zone, &started.base_currency_code)?;
    let (mut records, mut batches) = (0, 0);
    let mut earlier = Profile::default();
    for read in reader.by_ref() {
        let ReadBatch { batch, lines_read: lines, orders } = read?;
        if batch.sequence < started.next_sequence {
            for order in &orders {
                match refused.get(&order.line) {
                    Some(reason) => earlier.refuse_order(order, *reason),
                    None => earlier.add_order(order, today.is_before(order)),
                }
            }
            continue;
        }
        records += batch.records.len() as u64;
        batches += 1;
        // Who waits for the answers learns why the call failed.
        let _ = places.send(Place { lines, orders });
        let message = Some(ingest_request::Message::Batch(batch));
        if requests.blocking_send(IngestRequest { message }).is_err() {
            break;
        }
    }
    Ok(Read { profile: reader.profile(), earlier, records, batches })
}
