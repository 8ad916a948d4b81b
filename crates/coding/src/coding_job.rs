//! Coding runs: a code for every customer that is due under a scheme.

use async_trait::async_trait;
use chrono::NaiveDate;
use kehu_analytics::Analytics;
use kehu_runs::{Job, Partition, RunContext};
use kehu_server::{Fault, clock};
use kehu_storage::{Database, coding::pins, facts, run::RunKind};
use serde::{Deserialize, Serialize};

use crate::assign::Assigner;

/// What a coding run was asked to do, as kept in the run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CodingRequest {
    /// The id of the scheme.
    pub(crate) scheme: String,
    /// Customers of a partition: every worker that takes the run up must cut it alike.
    pub(crate) partition: u32,
}

/// Carries out coding runs.
pub(crate) struct CodingJob {
    db: Database,
    analytics: Analytics,
}

impl CodingJob {
    pub(crate) fn new(db: Database, analytics: Analytics) -> Self {
        Self { db, analytics }
    }

    async fn code(
        &self,
        context: &RunContext,
        assigner: &Assigner,
        partition: &Partition,
        as_of: NaiveDate,
    ) -> Result<(), Fault> {
        context.check()?;
        let customers = facts::customer_ids(&self.db, &partition.customers).await?.len();
        let done = i64::try_from(customers).map_err(Fault::internal)?;
        let due = assigner.due(&self.db, &partition.customers, as_of).await?;
        let transaction = self.db.begin().await?;
        if !due.is_empty() {
            assigner.give(&transaction, &due, Some(context.run.run_id), clock::now()).await?;
        }
        context.finish_partition(&transaction, partition.number, done).await?;
        Ok(transaction.commit().await?)
    }
}

#[async_trait]
impl Job for CodingJob {
    fn kind(&self) -> RunKind {
        RunKind::Coding
    }

    async fn execute(&self, context: &RunContext) -> Result<(), Fault> {
        let as_of = context.run.as_of.ok_or_else(|| Fault::internal("the run has no date"))?;
        let request: CodingRequest = context.request()?;
        pins::pin_scheme(&self.db, context.run.run_id, &request.scheme).await?;
        let assigner = Assigner::new(&self.db, &self.analytics, &request.scheme).await?;
        let (partitions, total) = context.partitions(request.partition).await?;
        context.phase("codes", total).await?;
        for partition in partitions {
            self.code(context, &assigner, &partition, as_of).await?;
        }
        Ok(())
    }
}
