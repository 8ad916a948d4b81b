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
    change_log::{self, NewChange, Position, Topic},
    run::{Cut, Kind},
    scoring::{
        pins, scorecards,
        scores::{self, Evaluation},
    },
};
use serde::{Deserialize, Serialize};

use crate::evaluate::{self, CONSUMER, Card};

/// What a scoring run was asked to do, as kept in the run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ScoringRequest {
    /// Ids of scorecards; empty for every published one.
    pub(crate) scorecards: Vec<String>,
}

/// Scoring runs.
pub(crate) const KIND: Kind = Kind { name: "scoring", cut: Cut::Ranges, after: &[] };

/// Carries out scoring runs.
pub(crate) struct ScoringJob {
    db: Database,
    analytics: Analytics,
}

impl ScoringJob {
    pub(crate) fn new(db: Database, analytics: Analytics) -> Self {
        Self { db, analytics }
    }

    /// The versions of the run: fixed when it is first taken up, the same for every worker.
    async fn cards(&self, run_id: i64, request: &ScoringRequest) -> Result<Vec<Arc<Card>>, Fault> {
        let in_force = scorecards::in_force(&self.db, &request.scorecards).await?;
        let versions = pins::pin(&self.db, run_id, &in_force).await?;
        versions.into_iter().map(Card::new).collect()
    }

    async fn score(
        &self,
        context: &RunContext,
        work: &Work,
        partition: &Partition,
    ) -> Result<(), Fault> {
        context.phase("features").await?;
        // Read before the facts: what the follower does from here on may be newer than them.
        let facts_position = change_log::cursor(&self.db, CONSUMER).await?;
        let definitions = work.cards.iter().map(|card| &card.version.definition);
        let frame =
            evaluate::frame(&self.analytics, definitions, &partition.customers, work.as_of).await?;
        let done = frame.len();
        context.phase("scores").await?;
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
        facts_position: Position,
        results: &[Vec<(CustomerId, Score)>],
        done: usize,
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
        let change = change(changed, work.as_of, now);
        let count = change.customers.len();
        context.finish_partition(&transaction, partition, done, count).await?;
        if count > 0 {
            change_log::append(&transaction, &change).await?;
        }
        Ok(transaction.commit().await?)
    }
}

/// What all partitions of a run have in common.
struct Work {
    cards: Vec<Arc<Card>>,
    as_of: NaiveDate,
}

#[async_trait]
impl Job for ScoringJob {
    fn kind(&self) -> Kind {
        KIND
    }

    async fn execute(&self, context: &RunContext) -> Result<(), Fault> {
        let as_of = context.run.as_of.ok_or_else(|| Fault::internal("the run has no date"))?;
        let request: ScoringRequest = context.request()?;
        let cards = self.cards(context.run.run_id, &request).await?;
        let work = Work { cards, as_of };
        while let Some(partition) = context.next().await? {
            self.score(context, &work, &partition).await?;
        }
        Ok(())
    }
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
