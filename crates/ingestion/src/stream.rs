//! One call of `Ingest`: batches are read and checked ahead, written in order, and acknowledged once
//! they are durable, while the next ones are being written.

use kehu_contract::ingestion::{
    BatchAcknowledgement, CustomerProfile, IngestRequest, IngestResponse, IngestStart,
    IngestStarted, IngestTotals, RecordBatch, ReusedKey, ingest_request, ingest_response,
    record::Kind,
};
use kehu_server::{Fault, Violation, Violations, clock, convert, fault, freshness, names};
use kehu_storage::Committed;
use kehu_storage::ingestion::{
    Opened, RejectShare, Reused, Stream, Written, open_stream, write_batch,
};
use tokio::sync::mpsc;
use tonic::{Code, Status, Streaming};
use tracing::Instrument;

use crate::assemble::{Assembled, assemble};
use crate::check::CheckedBatch;
use crate::{Ingestion, limits, measure};

/// Batches that are checked ahead of the one being written.
const AHEAD: usize = 2;

/// A batch that was written.
struct Acknowledging {
    acknowledgement: BatchAcknowledgement,
    /// What must be durable before; `None` for a batch that was acknowledged before.
    committed: Option<Committed>,
}

/// What the call sends to the caller.
pub(crate) type Answers = mpsc::Sender<Result<IngestResponse, Status>>;

/// Serves the call until the caller has sent everything, or something fails. What was
/// acknowledged is durable either way.
pub(crate) async fn serve(
    ingestion: Ingestion,
    share: RejectShare,
    requests: Streaming<IngestRequest>,
    answers: Answers,
) {
    if let Err(fault) = run(ingestion, share, requests, &answers).await {
        // Nobody listens any more when the caller has gone, and that is fine.
        let _ = answers.send(Err(fault.into())).await;
    }
}

async fn run(
    ingestion: Ingestion,
    share: RejectShare,
    mut requests: Streaming<IngestRequest>,
    answers: &Answers,
) -> Result<(), Fault> {
    let Some(stream) = open(&ingestion, &mut requests).await? else { return Ok(()) };
    let stream = Stream { share, ..stream };
    if !answer(answers, started(&ingestion, &stream)).await {
        return Ok(());
    }
    let (checked, batches) = mpsc::channel(AHEAD);
    let reading = check_ahead(ingestion.clone(), requests, checked).in_current_span();
    let reading = tokio::spawn(reading);
    let (committed, acknowledging) = mpsc::channel(AHEAD);
    let (written, acknowledged) = tokio::join!(
        write_in_order(&ingestion, stream, batches, committed),
        acknowledge(acknowledging, answers),
    );
    // By now it has ended, or nobody wants what it reads.
    reading.abort();
    match reading.await {
        Err(error) if error.is_panic() => Err(Fault::internal(error)),
        Ok(()) | Err(_) => acknowledged.and(written),
    }
}

/// Opens the stream that the first message names; `None` when the caller has gone.
async fn open(
    ingestion: &Ingestion,
    requests: &mut Streaming<IngestRequest>,
) -> Result<Option<Stream>, Fault> {
    let Some(message) = next_message(requests).await? else { return Ok(None) };
    let Some(ingest_request::Message::Start(start)) = message else {
        return Err(invalid("start", "must be the first message of the call"));
    };
    check_start(&start)?;
    let (id, source, origin) = (&start.stream_id, &start.source, &start.origin);
    match open_stream(&ingestion.db, id, source, origin, clock::now()).await? {
        Opened::Stream(stream) => Ok(Some(stream)),
        Opened::OtherSource => {
            Err(invalid("start.source", "must be the source that the stream began with"))
        }
    }
}

fn invalid(field: &str, description: &str) -> Fault {
    let (field, description) = (field.to_owned(), description.to_owned());
    Fault::Invalid(vec![Violation { field, description }])
}

fn check_start(start: &IngestStart) -> Result<(), Fault> {
    let mut violations = Violations::new();
    check_text("start.stream_id", &start.stream_id, limits::STREAM, &mut violations);
    if start.stream_id.is_empty() {
        violations.add("start.stream_id", "must not be empty");
    }
    if !crate::convert::is_source(&start.source) {
        violations.add("start.source", "must be 1 to 64 characters of a-z, 0-9, - and _");
    }
    check_text("start.origin", &start.origin, limits::ORIGIN, &mut violations);
    violations.finish()
}

fn check_text(field: &str, text: &str, limit: usize, violations: &mut Violations) {
    if text.chars().any(char::is_control) {
        violations.add(field, "must not hold control characters");
    }
    if text.chars().count() > limit {
        violations.add(field, format!("must have at most {limit} characters"));
    }
}

fn started(ingestion: &Ingestion, stream: &Stream) -> IngestResponse {
    let totals = IngestTotals {
        accepted_count: stream.totals.accepted,
        unchanged_count: stream.totals.unchanged,
        rejected_count: stream.totals.rejected,
        reused_count: stream.totals.reused,
        cleaned_count: stream.totals.cleaned,
    };
    let started = IngestStarted {
        next_sequence: stream.last_sequence + 1,
        totals: Some(totals),
        time_zone: ingestion.checker.calendar.zone_name().to_owned(),
        base_currency_code: ingestion.checker.base_currency.clone(),
        max_batch_records: i32::try_from(limits::RECORDS).expect("a small number"),
        overtaken: stream.overtaken,
    };
    IngestResponse { message: Some(ingest_response::Message::Started(started)) }
}

/// Whether the caller still listens.
async fn answer(answers: &Answers, response: IngestResponse) -> bool {
    answers.send(Ok(response)).await.is_ok()
}

/// The next message of the caller; `None` when it has sent everything or has gone.
async fn next_message(
    requests: &mut Streaming<IngestRequest>,
) -> Result<Option<Option<ingest_request::Message>>, Fault> {
    match requests.message().await {
        Ok(request) => Ok(request.map(|request| request.message)),
        Err(status) if status.code() == Code::OutOfRange => {
            Err(invalid("batch", "must be at most 4 MiB: send smaller batches"))
        }
        Err(status) => {
            if let Some(fault) = fault::of_message(&status) {
                return Err(fault);
            }
            tracing::debug!(code = ?status.code(), "the caller of an ingest stream has gone");
            Ok(None)
        }
    }
}

/// Reads and checks batches until the caller has sent them all; a fault ends it.
async fn check_ahead(
    ingestion: Ingestion,
    mut requests: Streaming<IngestRequest>,
    checked: mpsc::Sender<Result<CheckedBatch, Fault>>,
) {
    loop {
        let batch = match next_message(&mut requests).await {
            Ok(None) => return,
            Ok(Some(message)) => check(&ingestion, message).await,
            Err(fault) => Err(fault),
        };
        let failed = batch.is_err();
        if checked.send(batch).await.is_err() || failed {
            return;
        }
    }
}

async fn check(
    ingestion: &Ingestion,
    message: Option<ingest_request::Message>,
) -> Result<CheckedBatch, Fault> {
    let batch = match message {
        Some(ingest_request::Message::Batch(batch)) => batch,
        Some(ingest_request::Message::Start(_)) => {
            return Err(invalid("start", "must be only the first message of the call"));
        }
        None => return Err(invalid("batch", "must be given")),
    };
    let mut violations = Violations::new();
    if batch.sequence < 1 {
        violations.add("batch.sequence", "must be 1 or more");
    }
    if batch.records.len() > limits::RECORDS {
        violations.add("batch.records", "must be at most 5,000: send smaller batches");
    }
    violations.finish()?;
    let mut checker = ingestion.checker.clone();
    checker.attributes = ingestion.declared(profiles(&batch)).await?;
    let checked = tokio::task::spawn_blocking(move || checker.batch(batch)).await;
    checked.map_err(Fault::internal)
}

/// The profiles that the records of a batch have.
fn profiles(batch: &RecordBatch) -> impl Iterator<Item = &CustomerProfile> {
    batch.records.iter().filter_map(|record| match &record.kind {
        Some(Kind::Customer(customer)) => customer.profile.as_ref(),
        _ => None,
    })
}

/// Writes batches until there are no more, or nobody acknowledges them any longer.
async fn write_in_order(
    ingestion: &Ingestion,
    mut stream: Stream,
    mut batches: mpsc::Receiver<Result<CheckedBatch, Fault>>,
    committed: mpsc::Sender<Acknowledging>,
) -> Result<(), Fault> {
    while let Some(checked) = batches.recv().await {
        let checked = checked?;
        let (sequence, records) = (checked.sequence, checked.records.len());
        let span = tracing::info_span!(
            "ingest batch",
            kehu.batch.sequence = sequence,
            kehu.batch.records = records
        );
        let written = write(ingestion, &mut stream, checked).instrument(span).await?;
        if committed.send(written).await.is_err() {
            return Ok(());
        }
    }
    Ok(())
}

/// Acknowledges what was written, in order, as soon as it is durable, until there is no more or
/// the caller has gone.
async fn acknowledge(
    mut written: mpsc::Receiver<Acknowledging>,
    answers: &Answers,
) -> Result<(), Fault> {
    while let Some(Acknowledging { acknowledgement, committed }) = written.recv().await {
        if let Some(committed) = committed {
            committed.durable().await?;
        }
        let message = Some(ingest_response::Message::Acknowledgement(acknowledgement));
        if !answer(answers, IngestResponse { message }).await {
            return Ok(());
        }
    }
    Ok(())
}

async fn write(
    ingestion: &Ingestion,
    stream: &mut Stream,
    checked: CheckedBatch,
) -> Result<Acknowledging, Fault> {
    let sequence = checked.sequence;
    let next = stream.last_sequence + 1;
    if sequence > next {
        return Err(Fault::SequenceGap { next });
    }
    if sequence < next {
        let acknowledgement = BatchAcknowledgement {
            sequence,
            replayed: true,
            next_sequence: next,
            freshness_token: freshness::token(&ingestion.db, None).await?,
            ..BatchAcknowledgement::default()
        };
        return Ok(Acknowledging { acknowledgement, committed: None });
    }
    let Assembled { batch, rejections, cleaned, rejected } =
        assemble(&ingestion.db, checked).await?;
    match write_batch(&ingestion.db, stream, &batch, clock::now()).await? {
        Written::TakenOver => Err(Fault::StreamTakenOver),
        Written::Done(tally, position, committed) => {
            measure::count_batch(&tally, &rejected);
            measure::cleaned(&cleaned);
            measure::problems(&batch.rejects);
            stream.last_sequence = sequence;
            stream.repeats |= tally.repeats;
            let counts = tally.total();
            let count = |count: i64| i32::try_from(count).expect("a batch is small");
            let acknowledgement = BatchAcknowledgement {
                sequence,
                accepted_count: count(counts.accepted),
                unchanged_count: count(counts.unchanged),
                rejected_count: count(batch.rejected),
                rejections,
                replayed: false,
                next_sequence: sequence + 1,
                reused_count: count(counts.reused),
                reused_keys: tally.reused.into_iter().map(reused_key).collect(),
                cleaned_count: count(batch.cleaned),
                cleaned_values: cleaned,
                freshness_token: freshness::token(&ingestion.db, position).await?,
            };
            // Freeing many small texts takes a while, for which the next batch need not wait.
            tokio::task::spawn_blocking(move || drop(batch));
            Ok(Acknowledging { acknowledgement, committed: Some(committed) })
        }
    }
}

fn reused_key(reused: Reused) -> ReusedKey {
    ReusedKey {
        kind: reused.kind.to_owned(),
        external_id: reused.external_id,
        former_customer: names::customer(reused.customer),
        former_date: Some(convert::date(reused.day)),
    }
}
