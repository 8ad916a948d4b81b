//! The worker: takes runs that wait, or whose worker died, and carries them out.

use crate::{
    Job, RunContext,
    measure::{ActiveRun, kind_name},
};
use kehu_server::{Fault, clock, fault, telemetry::traces};
use kehu_storage::{
    Database, Error,
    run::{self, HeartbeatOutcome, Lease, Retry, RunError},
};
use std::{sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, Span, field::Empty};

/// How long a lease holds without a heartbeat: after this, a dead worker's run is taken over.
const LEASE: Duration = Duration::from_secs(10);
/// How often the lease is renewed and a cancellation noticed.
const HEARTBEAT: Duration = Duration::from_secs(1);
/// How often an idle worker looks for runs.
const POLL: Duration = Duration::from_millis(100);
/// How long to wait before a transient fault is tried again.
const RETRY: Duration = Duration::from_secs(1);

/// How long a job may take to come to a safe place when the process stops; then it is dropped.
const LET_GO: Duration = Duration::from_secs(5);

/// Carries out runs of the kinds of `jobs`, one at a time, until `stop`. `owner` names this
/// worker in leases.
pub async fn work(db: Database, jobs: Vec<Arc<dyn Job>>, owner: String, stop: CancellationToken) {
    let kinds: Vec<_> = jobs.iter().map(|job| job.kind()).collect();
    while !stop.is_cancelled() {
        match run::lease(&db, &kinds, &owner, clock::now(), LEASE).await {
            Ok(Some((run, lease))) => {
                let job = jobs.iter().find(|job| job.kind() == run.kind);
                let job = job.expect("only runs of these jobs' kinds are leased");
                let span = span(&run);
                attempt(&db, job.as_ref(), run, lease, &stop).instrument(span).await;
            }
            Ok(None) => pause(POLL, &stop).await,
            Err(error) => {
                tracing::warn!(%error, "cannot look for runs");
                pause(RETRY, &stop).await;
            }
        }
    }
}

/// The span of an attempt, in the trace of the call that asked for the run.
fn span(run: &run::Run) -> Span {
    let kind = kind_name(run.kind);
    let span = tracing::info_span!(
        "run",
        otel.name = format!("run {kind}"),
        otel.kind = "consumer",
        otel.status_code = Empty,
        kehu.run.id = run.run_id,
        kehu.run.kind = kind,
        kehu.run.attempt = run.attempt,
        kehu.outcome = Empty,
    );
    traces::follow_from(&span, run.traceparent.as_deref());
    span
}

/// One attempt at a run, under its lease, to its end.
async fn attempt(
    db: &Database,
    job: &dyn Job,
    run: run::Run,
    lease: Lease,
    stop: &CancellationToken,
) {
    let run_id = run.run_id;
    tracing::info!(run_id, attempt = lease.attempt, "run taken");
    let active = ActiveRun::begin(kind_name(run.kind));
    let let_go = stop.child_token();
    let context = RunContext::new(db.clone(), run, lease.clone(), let_go.clone());
    let outcome = tokio::select! {
        outcome = fault::contain(execute(job, &context)) => outcome,
        () = keep(db, &lease, let_go) => Err(Fault::Conflict),
        () = overdue(stop) => Err(Fault::Cancelled),
    };
    let (outcome, recorded) = record_end(db, &lease, outcome, stop).await;
    active.end(outcome);
    Span::current().record("kehu.outcome", outcome);
    if outcome == "failed" {
        Span::current().record("otel.status_code", "error");
    }
    match recorded {
        Ok(()) => tracing::info!(run_id, "run let go"),
        Err(Error::LeaseLost { .. }) => tracing::warn!(run_id, "another worker took the run"),
        Err(error) => tracing::error!(run_id, %error, "the end of the run was not recorded"),
    }
}

/// Records how an attempt ended; what metrics call it, and whether it could be recorded.
async fn record_end(
    db: &Database,
    lease: &Lease,
    outcome: Result<(), Fault>,
    stop: &CancellationToken,
) -> (&'static str, Result<(), Error>) {
    match outcome {
        Ok(()) => ("succeeded", Ok(())),
        Err(Fault::Cancelled) if stop.is_cancelled() => {
            ("given_back", run::give_back(db, lease).await)
        }
        Err(Fault::Cancelled) => ("cancelled", run::cancelled(db, lease, clock::now()).await),
        Err(fault) => ("failed", record_failure(db, lease, fault).await),
    }
}

async fn execute(job: &dyn Job, context: &RunContext) -> Result<(), Fault> {
    job.execute(context).await?;
    context.succeed().await
}

/// Returns when a job has had its time to let go.
async fn overdue(stop: &CancellationToken) {
    stop.cancelled().await;
    tokio::time::sleep(LET_GO).await;
}

/// Renews the lease until it is lost. A cancellation is passed on and the lease kept, so that
/// the job can stop at a safe place.
async fn keep(db: &Database, lease: &Lease, let_go: CancellationToken) {
    let mut kept_at = tokio::time::Instant::now();
    loop {
        tokio::time::sleep(HEARTBEAT).await;
        match run::heartbeat(db, lease, clock::now(), LEASE).await {
            Ok(HeartbeatOutcome::Kept) => kept_at = tokio::time::Instant::now(),
            Ok(HeartbeatOutcome::CancelRequested) => {
                kept_at = tokio::time::Instant::now();
                let_go.cancel();
            }
            Ok(HeartbeatOutcome::Lost) => return,
            Err(_) if kept_at.elapsed() > LEASE => return,
            Err(error) => tracing::warn!(%error, "heartbeat failed"),
        }
    }
}

async fn record_failure(db: &Database, lease: &Lease, fault: Fault) -> Result<(), Error> {
    let retry = if fault.is_transient() { Retry::After(RETRY) } else { Retry::Never };
    let status = tonic::Status::from(fault);
    let reason = fault::reason(&status).unwrap_or_default();
    let error = RunError {
        code: i32::from(status.code()),
        reason: reason.as_str_name().trim_start_matches("ERROR_REASON_").to_owned(),
        message: status.message().to_owned(),
    };
    run::fail(db, lease, &error, retry, clock::now()).await?;
    Ok(())
}

/// Waits, but not past `stop`.
pub(crate) async fn pause(time: Duration, stop: &CancellationToken) {
    tokio::select! {
        () = tokio::time::sleep(time) => {}
        () = stop.cancelled() => {}
    }
}
