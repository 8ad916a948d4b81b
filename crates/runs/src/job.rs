//! What a service tells the worker: how to carry out a kind of run.

use crate::Partition;
use async_trait::async_trait;
use kehu_server::{Fault, clock};
use kehu_storage::{
    Database, Transaction,
    document::{self, Document},
    run::{self, Kind, Lease, Run},
};
use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};
use tokio_util::sync::CancellationToken;

/// How long a lease holds without a heartbeat: after this, a dead worker's piece is taken over.
pub(crate) const LEASE: Duration = Duration::from_secs(10);

/// How one kind of run is carried out.
#[async_trait]
pub trait Job: Send + Sync {
    /// The kind it carries out.
    fn kind(&self) -> Kind;

    /// Does the work: first fixes what the run works with ([`run::pin`]), the same whoever does
    /// it, then takes one piece after the other from [`RunContext::next`] until there is none;
    /// what a piece writes goes into one transaction with [`RunContext::finish_partition`].
    /// Several workers may be at it side by side, so nothing but the pieces is this one's.
    /// A transient fault is tried again by another attempt.
    async fn execute(&self, context: &RunContext) -> Result<(), Fault>;

    /// Does what is left when every piece is done, in the transaction that ends the run as
    /// succeeded; whatever it writes is seen together with the end, or not at all.
    async fn complete(&self, _run: &Run, _transaction: &Transaction) -> Result<(), Fault> {
        Ok(())
    }
}

/// A run that this worker holds a piece of.
pub struct RunContext {
    /// The run as it was when it was taken.
    pub run: Run,
    db: Database,
    kind: Kind,
    partition_size: u32,
    holding: Mutex<Holding>,
    stop: CancellationToken,
}

/// The piece that a worker has.
struct Holding {
    /// The last one it took.
    lease: Lease,
    /// Whether the job was told of it.
    told: bool,
}

impl RunContext {
    /// The context of a run of which a piece was just leased; `stop` fires when it must be let go.
    pub(crate) fn new(
        db: Database,
        (run, lease): (Run, Lease),
        kind: Kind,
        partition_size: u32,
        stop: CancellationToken,
    ) -> Self {
        let holding = Mutex::new(Holding { lease, told: false });
        Self { run, db, kind, partition_size, holding, stop }
    }

    /// The request that the run was started with. [`Fault::NewerFormat`] when only workers of a
    /// later release can read it; returned from the job, it leaves the run to them.
    pub fn request<D: Document>(&self) -> Result<D, Fault> {
        Ok(document::read(&self.run.request)?)
    }

    /// Says what the run is doing, in a word.
    pub async fn phase(&self, phase: &str) -> Result<(), Fault> {
        self.check()?;
        Ok(run::phase(&self.db, &self.lease(), phase).await?)
    }

    /// To be called between steps of the work: the fault with which to stop when a caller
    /// cancelled the run, the lease was lost, or the process ends.
    pub fn check(&self) -> Result<(), Fault> {
        if self.stop.is_cancelled() { Err(Fault::Cancelled) } else { Ok(()) }
    }

    /// Takes the next piece, after the one before is finished; `None` when there is none that
    /// nobody is at. The first call of a run cuts its customers into pieces.
    pub async fn next(&self) -> Result<Option<Partition>, Fault> {
        self.check()?;
        let lease = self.lease();
        let told = std::mem::replace(&mut self.holding().told, true);
        if !told && !lease.is_preparation() {
            return Ok(Some(Partition::of(&self.db, lease, self.kind.cut).await?));
        }
        if !told {
            run::cut(&self.db, &lease, self.kind.cut, self.partition_size).await?;
        }
        let (run_id, owner) = (lease.run_id, lease.owner.as_str());
        let taken = run::lease(&self.db, run_id, &self.kind, owner, clock::now(), LEASE).await?;
        let Some((_, lease)) = taken else { return Ok(None) };
        self.holding().lease = lease.clone();
        Ok(Some(Partition::of(&self.db, lease, self.kind.cut).await?))
    }

    /// Marks a partition of `done` customers, for `changed` of whom something else came out than
    /// before, as finished, in the transaction of its results; fails when the lease was lost, so
    /// that nothing is written twice. Call it just before the change log is appended to.
    pub async fn finish_partition(
        &self,
        transaction: &Transaction,
        partition: &Partition,
        done: usize,
        changed: usize,
    ) -> Result<(), Fault> {
        let done = i64::try_from(done).map_err(Fault::internal)?;
        let changed = i64::try_from(changed).map_err(Fault::internal)?;
        Ok(run::finish_partition(transaction, &partition.lease, done, changed).await?)
    }

    /// The lease of the piece that the worker last took.
    pub(crate) fn lease(&self) -> Lease {
        self.holding().lease.clone()
    }

    fn holding(&self) -> std::sync::MutexGuard<'_, Holding> {
        self.holding.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
