//! Runs that take back a scoring run.

use std::collections::BTreeSet;

use async_trait::async_trait;
use chrono::NaiveDate;
use kehu_runs::{
    Job, Partition, RunContext,
    retraction::{self, RetractionRequest},
};
use kehu_server::Fault;
use kehu_storage::{
    Database, Transaction, document,
    facts::{self, CustomerSet},
    history::{Guarded, Retraction, Subject, Writer},
    run::{self, Kind, Run},
    scoring::scores::{self, ScoreLine},
};

use crate::job::append;

/// Carries out these runs.
pub(crate) struct RetractionJob {
    db: Database,
}

impl RetractionJob {
    pub(crate) fn new(db: Database) -> Self {
        Self { db }
    }

    /// The days to take back, with their lines: from here on they do not count as evaluated.
    async fn begin(&self, context: &RunContext) -> Result<Vec<(ScoreLine, NaiveDate)>, Fault> {
        let day = context.run.as_of.ok_or_else(|| Fault::internal("the run has no date"))?;
        let request: RetractionRequest = context.request()?;
        let retraction = Retraction { run_id: context.run.run_id, retracted: request.run_id, day };
        let transaction = self.db.begin().await?;
        let begun = scores::begin_retraction(&transaction, retraction).await?;
        append(&transaction, begun.seen, day).await?;
        transaction.commit().await?;
        Ok(begun.taken)
    }

    async fn retract(
        &self,
        context: &RunContext,
        taken: &[(ScoreLine, NaiveDate)],
        partition: &Partition,
    ) -> Result<(), Fault> {
        let CustomerSet::Range(first, last) = partition.customers else {
            return Err(Fault::internal("a partition is a range of customers"));
        };
        let done = facts::customer_ids(&self.db, &partition.customers).await?.len();
        let transaction = self.db.begin().await?;
        let (guarded, steps) = (Guarded::Range(first, last), taken.len());
        let steps = u32::try_from(steps).map_err(Fault::internal)?;
        let mut writer = Writer::begin(&transaction, Subject::Scores, guarded, steps).await?;
        let (mut moved, mut seen) = (BTreeSet::new(), Vec::new());
        for (line, day) in taken {
            let of_run = (*day, context.run.run_id);
            let customers = scores::retract(&mut writer, line, of_run, (first, last)).await?;
            moved.extend(customers.iter().copied());
            if scores::is_seen(&transaction, line, *day).await? {
                seen.push((*day, BTreeSet::from_iter(customers)));
            }
        }
        context.finish_partition(&transaction, partition, done, moved.len()).await?;
        for (day, customers) in seen {
            append(&transaction, customers, day).await?;
        }
        Ok(transaction.commit().await?)
    }
}

#[async_trait]
impl Job for RetractionJob {
    fn kind(&self) -> Kind {
        retraction::SCORING
    }

    async fn execute(&self, context: &RunContext) -> Result<(), Fault> {
        let taken = self.begin(context).await?;
        context.phase("scores").await?;
        while let Some(partition) = context.next().await? {
            context.check()?;
            self.retract(context, &taken, &partition).await?;
        }
        Ok(())
    }

    async fn complete(&self, run: &Run, transaction: &Transaction) -> Result<(), Fault> {
        let request: RetractionRequest = document::read(&run.request)?;
        Ok(run::retracted(transaction, request.run_id, run.run_id).await?)
    }
}
