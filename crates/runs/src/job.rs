//! What a service tells the worker: how to carry out a kind of run.

use crate::{Partition, partition};
use async_trait::async_trait;
use kehu_server::{Fault, clock};
use kehu_storage::{
    Database, Transaction,
    run::{self, Lease, Run, RunKind},
};
use serde::de::DeserializeOwned;
use tokio_util::sync::CancellationToken;

/// How one kind of run is carried out.
#[async_trait]
pub trait Job: Send + Sync {
    /// The kind it carries out.
    fn kind(&self) -> RunKind;

    /// Does the work, one after the other of [`RunContext::partitions`]; what a partition writes
    /// goes into one transaction with [`RunContext::finish_partition`].
    /// A transient fault is tried again by another attempt.
    async fn execute(&self, context: &RunContext) -> Result<(), Fault>;
}

/// A run that this worker holds the lease of.
pub struct RunContext {
    /// The run as it was when it was taken.
    pub run: Run,
    db: Database,
    lease: Lease,
    stop: CancellationToken,
}

impl RunContext {
    /// The context of a run that was just leased; `stop` fires when it must be let go.
    pub(crate) fn new(db: Database, run: Run, lease: Lease, stop: CancellationToken) -> Self {
        Self { run, db, lease, stop }
    }

    /// The request that the run was started with.
    pub fn request<T: DeserializeOwned>(&self) -> Result<T, Fault> {
        serde_json::from_str(&self.run.request).map_err(Fault::internal)
    }

    /// Says what the run is doing and how many customers there are.
    pub async fn phase(&self, phase: &str, total: i64) -> Result<(), Fault> {
        self.check()?;
        Ok(run::progress(&self.db, &self.lease, phase, total).await?)
    }

    /// To be called between pieces of work: the fault with which to stop when a caller cancelled
    /// the run, its lease was lost, or the process ends.
    pub fn check(&self) -> Result<(), Fault> {
        if self.stop.is_cancelled() { Err(Fault::Cancelled) } else { Ok(()) }
    }

    /// Marks a partition of `done` customers as finished, in the transaction of its results;
    /// fails when the lease was lost, so that nothing is written twice. Call it just before the
    /// change log is appended to.
    pub async fn finish_partition(
        &self,
        transaction: &Transaction,
        partition: i32,
        done: i64,
    ) -> Result<(), Fault> {
        Ok(run::finish_partition(transaction, &self.lease, partition, done).await?)
    }

    /// The partitions that are left to do, every customer cut into pieces of `size`, and how many
    /// customers there are in all. What an earlier attempt finished is left out.
    pub async fn partitions(&self, size: u32) -> Result<(Vec<Partition>, i64), Fault> {
        let (mut partitions, total) = partition::partitions(&self.db, size).await?;
        let finished = run::finished_partitions(&self.db, self.run.run_id).await?;
        partitions.retain(|partition| finished.binary_search(&partition.number).is_err());
        Ok((partitions, total))
    }

    /// Ends the run as succeeded.
    pub(crate) async fn succeed(&self) -> Result<(), Fault> {
        let transaction = self.db.begin().await?;
        run::succeed(&transaction, &self.lease, clock::now()).await?;
        Ok(transaction.commit().await?)
    }
}
