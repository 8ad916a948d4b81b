//! Classification runs: every customer under some taxonomies as of a date.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::NaiveDate;
use kehu_analytics::Analytics;
use kehu_runs::{Job, Partition, RunContext};
use kehu_server::Fault;
use kehu_storage::{
    Database, Transaction,
    coding::{
        classes::{self, ClassLine, Scope},
        pins::{self, Pinned},
    },
    definitions,
    document::Document,
    facts::CustomerSet,
    history::{Guarded, Subject, Writer},
    run::{Cut, Kind, Run},
};
use serde::{Deserialize, Serialize};

use crate::evaluate::{Evaluation, Evaluator};
use crate::moved::Moved;

/// How often a partition is evaluated again because another writer got in the way.
const ATTEMPTS: u32 = 5;

/// What a classification run was asked to do, as kept in the run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ClassificationRequest {
    /// Ids of taxonomies; empty for every published one.
    pub(crate) taxonomies: Vec<String>,
}

impl Document for ClassificationRequest {
    const NAME: &'static str = "request of a classification run";
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
    lines: Vec<ClassLine>,
    as_of: NaiveDate,
}

impl Work<'_> {
    /// The line of a version.
    fn line(&self, version_id: i64) -> Result<&ClassLine, Fault> {
        let line = self.lines.iter().find(|line| line.version_id == version_id);
        line.ok_or_else(|| Fault::internal("a version without a line"))
    }
}

impl ClassificationJob {
    pub(crate) fn new(db: Database, analytics: Analytics) -> Self {
        Self { db, analytics }
    }

    /// What the run works with: fixed when it is first taken up, the same for every worker.
    async fn pinned(
        &self,
        context: &RunContext,
        request: &ClassificationRequest,
        as_of: NaiveDate,
    ) -> Result<Vec<Pinned>, Fault> {
        let mut versions = definitions::in_force(&self.db, &request.taxonomies).await?;
        if request.taxonomies.is_empty() {
            versions = Evaluator::sound(&self.db, &self.analytics, versions).await?;
        }
        Ok(pins::pin_versions(&self.db, context.run.run_id, as_of, &versions).await?)
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
        let CustomerSet::Range(first, last) = partition.customers else {
            return Err(Fault::internal("a partition is a range of customers"));
        };
        let transaction = self.db.begin().await?;
        let (guarded, steps) = (Guarded::Customers(&evaluation.customers), work.lines.len());
        let steps = u32::try_from(steps).map_err(Fault::internal)?;
        let mut writer = Writer::begin(&transaction, Subject::Classes, guarded, steps).await?;
        let (mut written, mut moved) = (BTreeSet::new(), Moved::default());
        for (version_id, results) in &evaluation.results {
            let evaluated = classes::Evaluation {
                line: work.line(*version_id)?,
                day: work.as_of,
                position: evaluation.position,
                run_id: Some(work.context.run.run_id),
                scope: Scope::Range(first, last),
            };
            let customers = classes::record(&mut writer, &evaluated, results).await?;
            written.extend(customers.iter().copied());
            if classes::is_seen(&transaction, evaluated.line, work.as_of).await? {
                moved.add(&evaluated.line.taxonomy, work.as_of, customers);
            }
        }
        let (done, count) = (evaluation.customers.len(), written.len());
        work.context.finish_partition(&transaction, partition, done, count).await?;
        moved.tell(&self.db, &transaction, None).await?;
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
        let pinned = self.pinned(context, &request, as_of).await?;
        let versions = pinned.iter().map(|one| one.version.clone()).collect();
        let evaluator = Evaluator::new(&self.db, &self.analytics, versions).await?;
        evaluator.freeze(as_of, context.run.run_id).await?;
        let lines = pinned.into_iter().map(|one| one.line).collect();
        let work = Work { context, evaluator, lines, as_of };
        context.phase("classes").await?;
        while let Some(partition) = context.next().await? {
            self.classify(&work, &partition).await?;
        }
        Ok(())
    }

    /// With all partitions done the day is evaluated for everybody, and new versions come in
    /// force: all at once, with what follows from it.
    async fn complete(&self, run: &Run, transaction: &Transaction) -> Result<(), Fault> {
        let as_of = run.as_of.ok_or_else(|| Fault::internal("the run has no date"))?;
        let mut moved = Moved::default();
        for line in pins::lines(transaction, run.run_id).await? {
            let customers = classes::complete(transaction, &line, as_of).await?;
            moved.add(&line.taxonomy, as_of, customers);
        }
        moved.tell(&self.db, transaction, None).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kehu_storage::{Error, document};

    #[test]
    fn requests_survive_the_formats_around_theirs() {
        let own = r#"[1,1,{"taxonomies":["abc"]}]"#;
        let request: ClassificationRequest = document::read(own).unwrap();
        assert_eq!(document::write(&request), own);
        let more = own.replace("[1,1,{", "[2,1,{\"added\":[7],");
        assert_eq!(document::read::<ClassificationRequest>(&more).unwrap(), request);
        let newer = document::read::<ClassificationRequest>(&more.replace("[2,1,", "[2,2,"));
        assert!(matches!(newer, Err(Error::NewerFormat { needed: 2, .. })));
    }
}
