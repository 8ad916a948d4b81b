//! The worker: takes pieces of runs that wait, or whose worker died, and carries them out.

use crate::{Job, PARTITION, RunContext, job::LEASE, measure::ActiveRun};
use kehu_server::{Fault, aside, clock, fault, telemetry::traces};
use kehu_storage::{
    Database, Error,
    run::{self, HeartbeatOutcome, Kind, Lease, Look, Retry, Run, RunError},
};
use std::{collections::BTreeSet, sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, Span, field::Empty};

/// How often the lease is renewed and a cancellation noticed.
const HEARTBEAT: Duration = Duration::from_secs(1);
/// How often to look for work without a wake-up.
const POLL: Duration = Duration::from_secs(60);
/// How long to wait before a transient fault is tried again.
const RETRY: Duration = Duration::from_secs(1);
/// How long a job may take to come to a safe place when the process stops; then it is dropped.
const LET_GO: Duration = Duration::from_secs(5);

/// A worker on the runs of one kind, one piece at a time. A process may have several, beside
/// those of other processes.
#[derive(Clone)]
pub struct Worker {
    db: Database,
    job: Arc<dyn Job>,
    owner: String,
    partition_size: u32,
    poll: Duration,
}

impl Worker {
    /// A worker that carries out `job`; `owner` names it in leases.
    pub fn new(db: Database, job: Arc<dyn Job>, owner: String) -> Self {
        Self { db, job, owner, partition_size: PARTITION, poll: POLL }
    }

    /// Customers of a partition of the runs that it cuts, unless a run says otherwise.
    #[must_use]
    pub fn partition_size(self, partition_size: u32) -> Self {
        Self { partition_size, ..self }
    }

    /// How often it looks for work though nobody wakes it.
    #[must_use]
    pub fn poll(self, poll: Duration) -> Self {
        Self { poll, ..self }
    }

    /// Works until `stop`. It is woken when there may be something to do, and looks when the lease
    /// of somebody else would end; idle it does nothing but read now and then.
    pub async fn work(self, stop: CancellationToken) {
        let kind = self.job.kind();
        let mut wakes = self.db.runs_changed();
        let mut left = BTreeSet::new();
        while !stop.is_cancelled() {
            match Box::pin(self.step(&kind, &mut left, &stop)).await {
                Ok(None) => {}
                Ok(Some(wait)) => tokio::select! {
                    () = wakes.wait(wait) => {}
                    () = stop.cancelled() => {}
                },
                Err(error) => {
                    tracing::warn!(%error, "cannot look for runs");
                    pause(RETRY, &stop).await;
                }
            }
        }
    }

    /// Works on what there is; how long to wait when there is nothing. What only workers of a
    /// later release can do is `left` to them.
    async fn step(
        &self,
        kind: &Kind,
        left: &mut BTreeSet<i64>,
        stop: &CancellationToken,
    ) -> Result<Option<Duration>, Error> {
        let now = clock::now();
        match run::look(&self.db, kind, left, now).await? {
            Look::Nothing(until) => {
                let until = until.map(|until| (until - now).to_std().unwrap_or_default());
                Ok(Some(until.unwrap_or(self.poll).min(self.poll)))
            }
            Look::Run { run_id, finished: true } => {
                // Whoever finished its last piece died before it could end it.
                match fault::contain(self.complete(run_id)).await {
                    Ok(_) => {}
                    Err(Fault::NewerFormat { what }) => leave(left, run_id, &what),
                    Err(fault) if fault.is_transient() => pause(RETRY, stop).await,
                    Err(fault) => run::give_up(&self.db, run_id, &why(fault), clock::now()).await?,
                }
                Ok(None)
            }
            Look::Run { run_id, finished: false } => {
                let taken = run::lease(&self.db, run_id, kind, &self.owner, now, LEASE).await?;
                if let Some((run, lease)) = taken {
                    let span = span(&run, kind);
                    let attempt = self.attempt((run, lease), *kind, stop).instrument(span);
                    if let Some(what) = Box::pin(attempt).await {
                        leave(left, run_id, &what);
                    }
                }
                Ok(None)
            }
        }
    }

    /// An attempt at a run, from the piece that was leased on, as far as there are free ones. What
    /// this worker cannot read of it, if it has to be left to others.
    async fn attempt(
        &self,
        (run, lease): (Run, Lease),
        kind: Kind,
        stop: &CancellationToken,
    ) -> Option<String> {
        let run_id = run.run_id;
        tracing::info!(run_id, partition = lease.partition, "run taken");
        let active = ActiveRun::begin(kind.name);
        let let_go = stop.child_token();
        let size = self.partition_size;
        let context = RunContext::new(self.db.clone(), (run, lease), kind, size, let_go.clone());
        let outcome = tokio::select! {
            outcome = fault::contain(self.execute(&context)) => outcome,
            () = self.keep(&context, let_go) => Err(Fault::Conflict),
            () = overdue(stop) => Err(Fault::Cancelled),
        };
        let pause_after = matches!(&outcome, Err(fault) if fault.is_transient());
        let unread = match &outcome {
            Err(Fault::NewerFormat { what }) => Some(what.clone()),
            _ => None,
        };
        let (mut outcome, recorded) = self.record_end(&context.lease(), outcome, stop).await;
        if matches!(recorded, Err(Error::LeaseLost { .. })) {
            outcome = "lost";
        }
        active.end(outcome);
        Span::current().record("kehu.outcome", outcome);
        if outcome == "failed" {
            Span::current().record("otel.status_code", "error");
        }
        log_end(run_id, outcome, &recorded);
        if pause_after {
            pause(RETRY, stop).await;
        }
        unread
    }

    /// Whether the run ended with it; others may still be at their pieces.
    async fn execute(&self, context: &RunContext) -> Result<bool, Fault> {
        self.job.execute(context).await?;
        self.complete(context.run.run_id).await
    }

    /// Ends the run as succeeded if all of its pieces are done; whether it did.
    async fn complete(&self, run_id: i64) -> Result<bool, Fault> {
        let run = run::get(&self.db, run_id).await?;
        let transaction = self.db.begin().await?;
        if !run::succeed(&transaction, run_id, clock::now()).await? {
            return Ok(false);
        }
        self.job.complete(&run, &transaction).await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// Records how an attempt ended; what metrics call it, and whether it could be recorded.
    async fn record_end(
        &self,
        lease: &Lease,
        outcome: Result<bool, Fault>,
        stop: &CancellationToken,
    ) -> (&'static str, Result<(), Error>) {
        let now = clock::now();
        match outcome {
            Ok(true) => ("succeeded", Ok(())),
            Ok(false) => ("shared", Ok(())),
            Err(Fault::Cancelled) if stop.is_cancelled() => {
                ("given_back", run::give_back(&self.db, lease, now).await)
            }
            Err(Fault::NewerFormat { .. }) => {
                ("given_back", run::give_back(&self.db, lease, now).await)
            }
            Err(Fault::Cancelled) => ("cancelled", run::cancelled(&self.db, lease, now).await),
            Err(fault) => ("failed", self.record_failure(lease, fault).await),
        }
    }

    async fn record_failure(&self, lease: &Lease, fault: Fault) -> Result<(), Error> {
        let retry = if fault.is_transient() { Retry::After(RETRY) } else { Retry::Never };
        run::fail(&self.db, lease, &why(fault), retry, clock::now()).await?;
        Ok(())
    }

    /// Renews the lease of the piece that the worker is at, until it is lost. A cancellation is
    /// passed on and the lease kept, so that the job can stop at a safe place.
    async fn keep(&self, context: &RunContext, let_go: CancellationToken) {
        let mut kept_at = tokio::time::Instant::now();
        loop {
            tokio::time::sleep(HEARTBEAT).await;
            match run::heartbeat(&self.db, &context.lease(), clock::now(), LEASE).await {
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
}

fn log_end(run_id: i64, outcome: &str, recorded: &Result<(), Error>) {
    match recorded {
        Ok(()) => tracing::info!(run_id, outcome, "run let go"),
        Err(Error::LeaseLost { .. }) => {
            tracing::warn!(run_id, "another worker took the piece, or the run has ended");
        }
        Err(error) => tracing::error!(run_id, %error, "the end of the run was not recorded"),
    }
}

/// Leaves a run to the workers of a later release.
fn leave(left: &mut BTreeSet<i64>, run_id: i64, what: &str) {
    aside::leave(&format!("run {run_id}: {what}"));
    left.insert(run_id);
}

/// The span of an attempt, in the trace of the call that asked for the run.
fn span(run: &Run, kind: &Kind) -> Span {
    let kind = kind.name;
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

/// What a run tells of a fault.
fn why(fault: Fault) -> RunError {
    let status = tonic::Status::from(fault);
    let reason = fault::reason(&status).unwrap_or_default();
    RunError {
        code: i32::from(status.code()),
        reason: reason.as_str_name().trim_start_matches("ERROR_REASON_").to_owned(),
        message: status.message().to_owned(),
    }
}

/// Returns when a job has had its time to let go.
async fn overdue(stop: &CancellationToken) {
    stop.cancelled().await;
    tokio::time::sleep(LET_GO).await;
}

/// Waits, but not past `stop`.
pub(crate) async fn pause(time: Duration, stop: &CancellationToken) {
    tokio::select! {
        () = tokio::time::sleep(time) => {}
        () = stop.cancelled() => {}
    }
}
