//! Classification runs: every customer under some taxonomies as of a date.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::NaiveDate;
use kehu_analytics::Analytics;
use kehu_runs::{Job, Partition, RunContext};
use kehu_server::{Fault, clock};
use kehu_storage::{
    Database, change_log,
    coding::{
        classes, pins,
        taxonomies::{self, TaxonomyVersion},
    },
    run::{Cut, Kind},
};
use serde::{Deserialize, Serialize};

use crate::evaluate::{Evaluation, Evaluator, change};

/// How often a partition is evaluated again because a follower was quicker.
const ATTEMPTS: u32 = 5;

/// What a classification run was asked to do, as kept in the run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ClassificationRequest {
    /// Ids of taxonomies; empty for every published one.
    pub(crate) taxonomies: Vec<String>,
}

/// Classification runs. They read scores, so those asked for before come first.
pub(crate) const KIND: Kind =
    Kind { name: "classification", cut: Cut::Ranges, after: &["scoring"] };

/// Carries out classification runs.
pub(crate) struct ClassificationJob {
    db: Database,
    analytics: Analytics,
}

/// What all partitions of a run have in common.
struct Work<'a> {
    context: &'a RunContext,
    evaluator: Arc<Evaluator>,
    as_of: NaiveDate,
}

impl ClassificationJob {
    pub(crate) fn new(db: Database, analytics: Analytics) -> Self {
        Self { db, analytics }
    }

    /// The versions of the run: fixed when it is first taken up, the same for every worker.
    async fn versions(
        &self,
        context: &RunContext,
        request: &ClassificationRequest,
    ) -> Result<Vec<TaxonomyVersion>, Fault> {
        let mut in_force = taxonomies::in_force(&self.db).await?;
        if !request.taxonomies.is_empty() {
            in_force.retain(|version| request.taxonomies.contains(&version.definition.id));
        }
        Ok(pins::pin_versions(&self.db, context.run.run_id, &in_force).await?)
    }

    async fn classify(&self, work: &Work<'_>, partition: &Partition) -> Result<(), Fault> {
        let mut attempt = 1;
        loop {
            work.context.check()?;
            let evaluated =
                work.evaluator.evaluate(&self.db, &partition.customers, work.as_of).await?;
            match self.write(work, partition, evaluated).await {
                Err(Fault::Conflict) if attempt < ATTEMPTS => attempt += 1,
                done => return done,
            }
        }
    }

    async fn write(
        &self,
        work: &Work<'_>,
        partition: &Partition,
        evaluation: Evaluation,
    ) -> Result<(), Fault> {
        let Evaluation { before, results, customers } = evaluation;
        let run_id = Some(work.context.run.run_id);
        let now = clock::now();
        let transaction = self.db.begin().await?;
        let changed = classes::record(&transaction, &before, results, run_id, now).await?;
        let count = changed.len();
        work.context.finish_partition(&transaction, partition, customers, count).await?;
        if !changed.is_empty() {
            change_log::append(&transaction, &change(changed, work.as_of, now)).await?;
        }
        Ok(transaction.commit().await?)
    }
}

#[async_trait]
impl Job for ClassificationJob {
    fn kind(&self) -> Kind {
        KIND
    }

    async fn execute(&self, context: &RunContext) -> Result<(), Fault> {
        let as_of = context.run.as_of.ok_or_else(|| Fault::internal("the run has no date"))?;
        let request: ClassificationRequest = context.request()?;
        let versions = self.versions(context, &request).await?;
        let evaluator = Evaluator::new(&self.db, &self.analytics, versions).await?;
        let work = Work { context, evaluator, as_of };
        context.phase("classes").await?;
        while let Some(partition) = context.next().await? {
            self.classify(&work, &partition).await?;
        }
        Ok(())
    }
}
