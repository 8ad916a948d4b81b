//! Scoring runs: every customer under some scorecards as of a date.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::NaiveDate;
use kehu_analytics::Analytics;
use kehu_core::CustomerId;
use kehu_core::scorecard::Score;
use kehu_runs::{Job, Partition, RunContext};
use kehu_server::{Fault, clock};
use kehu_storage::{
    Database,
    change_log::{self, NewChange, Topic},
    run::RunKind,
    scoring::{
        pins, scorecards,
        scores::{self, Evaluation},
    },
};
use serde::{Deserialize, Serialize};

use crate::evaluate::{self, CONSUMER, Card};

/// What a scoring run was asked to do, as kept in the run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ScoringRequest {
    /// Ids of scorecards; empty for every published one.
    pub(crate) scorecards: Vec<String>,
    /// Customers of a partition: every worker that takes the run up must cut it alike.
    pub(crate) partition: u32,
}

/// Carries out scoring runs.
pub(crate) struct ScoringJob {
    db: Database,
    analytics: Analytics,
}

impl ScoringJob {
    pub(crate) fn new(db: Database, analytics: Analytics) -> Self {
        Self { db, analytics }
    }

    /// The versions of the run: fixed when it is first taken up, the same after a take-over.
    async fn cards(
        &self,
        run_id: i64,
        request: &ScoringRequest,
        as_of: NaiveDate,
    ) -> Result<Vec<Arc<Card>>, Fault> {
        let in_force = scorecards::in_force(&self.db, &request.scorecards).await?;
        let versions = pins::pin(&self.db, run_id, as_of, &in_force).await?;
        versions.into_iter().map(Card::new).collect()
    }

    async fn score(
        &self,
        context: &RunContext,
        work: &Work,
        partition: &Partition,
    ) -> Result<(), Fault> {
        context.phase("features", work.total).await?;
        // Read before the facts: what the follower does from here on may be newer than them.
        let facts_position = change_log::cursor(&self.db, CONSUMER).await?;
        let definitions = work.cards.iter().map(|card| &card.version.definition);
        let frame =
            evaluate::frame(&self.analytics, definitions, &partition.customers, work.as_of).await?;
        let done = count(frame.len());
        context.phase("scores", work.total).await?;
        let cards = work.cards.clone();
        let results = evaluate::busy(move || {
            cards.iter().map(|card| card.scores(&frame)).collect::<Result<Vec<_>, Fault>>()
        })
        .await?;
        self.write(context, work, partition, facts_position, &results, done).await
    }

    async fn write(
        &self,
        context: &RunContext,
        work: &Work,
        partition: &Partition,
        facts_position: i64,
        results: &[Vec<(CustomerId, Score)>],
        done: i64,
    ) -> Result<(), Fault> {
        let now = clock::now();
        let transaction = self.db.begin().await?;
        let mut changed = Vec::new();
        for (card, results) in work.cards.iter().zip(results) {
            let evaluation = Evaluation {
                version: &card.version,
                as_of: work.as_of,
                run_id: Some(context.run.run_id),
                facts_position,
                recorded_at: now,
            };
            changed.extend(scores::record(&transaction, &evaluation, results).await?);
        }
        context.finish_partition(&transaction, partition.number, done).await?;
        if !changed.is_empty() {
            let change = change(changed, work.as_of, now);
            change_log::append(&transaction, &change).await?;
        }
        Ok(transaction.commit().await?)
    }
}

/// What all partitions of a run have in common.
struct Work {
    cards: Vec<Arc<Card>>,
    as_of: NaiveDate,
    total: i64,
}

#[async_trait]
impl Job for ScoringJob {
    fn kind(&self) -> RunKind {
        RunKind::Scoring
    }

    async fn execute(&self, context: &RunContext) -> Result<(), Fault> {
        let as_of = context.run.as_of.ok_or_else(|| Fault::internal("the run has no date"))?;
        let request: ScoringRequest = context.request()?;
        let cards = self.cards(context.run.run_id, &request, as_of).await?;
        let (partitions, total) = context.partitions(request.partition).await?;
        let work = Work { cards, as_of, total };
        for partition in partitions {
            self.score(context, &work, &partition).await?;
        }
        Ok(())
    }
}

fn count(length: usize) -> i64 {
    i64::try_from(length).expect("a length fits 63 bits")
}

/// The entry of the change log for customers whose scores of a date changed.
pub(crate) fn change(
    mut customers: Vec<CustomerId>,
    as_of: NaiveDate,
    now: chrono::DateTime<chrono::Utc>,
) -> NewChange {
    customers.sort_unstable();
    customers.dedup();
    NewChange {
        topic: Topic::Scores,
        customers,
        first_day: as_of,
        last_day: as_of,
        as_of: Some(as_of),
        recorded_at: now,
    }
}
