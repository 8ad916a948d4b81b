//! Scoring runs: every customer under some scorecards as of a date.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::NaiveDate;
use kehu_analytics::Analytics;
use kehu_core::CustomerId;
use kehu_runs::{Job, Partition, RunContext};
use kehu_server::{Fault, clock};
use kehu_storage::{
    Database, Transaction,
    change_log::{self, NewChange, Position, Topic},
    definitions::{self, pins},
    document::Document,
    facts::CustomerSet,
    run::{Cut, Kind, Run},
    scoring::scores::{self, Evaluated, Evaluation},
};
use serde::{Deserialize, Serialize};

use crate::evaluate::{self, CONSUMER, Card, FirstReferences};

/// How often a partition is looked at because others were quicker.
const ATTEMPTS: u32 = 8;

/// What a scoring run was asked to do, as kept in the run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ScoringRequest {
    /// Ids of scorecards; empty for every published one.
    pub(crate) scorecards: Vec<String>,
}

impl Document for ScoringRequest {
    const NAME: &'static str = "request of a scoring run";
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
        let in_force = definitions::in_force(&self.db, &request.scorecards).await?;
        let versions = pins::pin(&self.db, run_id, &in_force).await?;
        let catalogue = self.analytics.catalogue();
        versions.into_iter().map(|version| Card::new(version, catalogue)).collect()
    }

    /// Scores a partition. Customers of whom the follower has seen later changes meanwhile are
    /// scored again, and everybody when another writer was quicker.
    async fn score(
        &self,
        context: &RunContext,
        work: &Work,
        partition: &Partition,
    ) -> Result<(), Fault> {
        let mut looks: Vec<Look> = Vec::new();
        let mut set = partition.customers.clone();
        for _ in 0..ATTEMPTS {
            context.check()?;
            looks.push(self.look(context, work, &set).await?);
            match self.write(context, work, partition, &looks).await {
                Ok(stale) if stale.is_empty() => return Ok(()),
                Ok(stale) => {
                    looks.iter_mut().for_each(|look| look.drop(&stale));
                    set = CustomerSet::Ids(stale.iter().map(|customer| customer.0).collect());
                }
                Err(Fault::Conflict) => {
                    looks.clear();
                    set = partition.customers.clone();
                }
                Err(fault) => return Err(fault),
            }
        }
        Err(Fault::Conflict)
    }

    async fn look(
        &self,
        context: &RunContext,
        work: &Work,
        set: &CustomerSet,
    ) -> Result<Look, Fault> {
        context.phase("features").await?;
        // Read before the facts: what the follower does from here on may be newer than them.
        let facts_position = change_log::cursor(&self.db, CONSUMER).await?;
        let definitions = work.cards.iter().map(|card| &card.version.definition);
        let frame = evaluate::frame(&self.analytics, definitions.clone(), set, work.as_of).await?;
        let first = FirstReferences::read(&self.db, definitions, set).await?;
        context.phase("scores").await?;
        let cards = work.cards.clone();
        let found = evaluate::busy(move || {
            cards.iter().map(|card| card.scores(&frame, &first)).collect::<Result<Vec<_>, Fault>>()
        });
        Ok(Look { facts_position, found: found.await? })
    }

    /// Writes a partition, unless there are customers to look at again, who are returned.
    async fn write(
        &self,
        context: &RunContext,
        work: &Work,
        partition: &Partition,
        looks: &[Look],
    ) -> Result<BTreeSet<CustomerId>, Fault> {
        let now = clock::now();
        let transaction = self.db.begin().await?;
        let (mut changed, mut stale) = (Vec::new(), BTreeSet::new());
        for (place, card) in work.cards.iter().enumerate() {
            let mut evaluations = Vec::with_capacity(looks.len());
            for look in looks {
                evaluations.push(Evaluation {
                    version: &card.version,
                    as_of: work.as_of,
                    run_id: Some(context.run.run_id),
                    facts_position: look.facts_position,
                    recorded_at: now,
                    found: &look.found[place],
                });
            }
            let recorded = scores::record(&transaction, &evaluations).await?;
            changed.extend(recorded.written);
            stale.extend(recorded.stale);
        }
        if !stale.is_empty() {
            transaction.rollback().await?;
            return Ok(stale);
        }
        let done = looks.iter().filter_map(|look| look.found.first()).map(Vec::len).sum();
        let change = change(changed, work.as_of, now);
        let count = change.customers.len();
        context.finish_partition(&transaction, partition, done, count).await?;
        if count > 0 {
            change_log::append(&transaction, &change).await?;
        }
        transaction.commit().await?;
        Ok(stale)
    }
}

/// What was found for some customers, under each scorecard.
struct Look {
    /// Changes of facts up to this position are in it.
    facts_position: Position,
    found: Vec<Vec<Evaluated>>,
}

impl Look {
    /// Forgets these customers.
    fn drop(&mut self, customers: &BTreeSet<CustomerId>) {
        for found in &mut self.found {
            found.retain(|one| !customers.contains(&one.customer));
        }
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

    /// Notes that everybody was evaluated for the date.
    async fn complete(&self, run: &Run, transaction: &Transaction) -> Result<(), Fault> {
        let as_of = run.as_of.ok_or_else(|| Fault::internal("the run has no date"))?;
        let versions = pins::pinned(&self.db, run.run_id).await?;
        Ok(scores::evaluated(transaction, &versions, as_of, clock::now()).await?)
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

#[cfg(test)]
mod tests {
    use super::*;
    use kehu_storage::{Error, document};

    #[test]
    fn requests_survive_the_formats_around_theirs() {
        let own = r#"[1,1,{"scorecards":["rfm"]}]"#;
        let request: ScoringRequest = document::read(own).unwrap();
        assert_eq!(document::write(&request), own);
        let more = own.replace("[1,1,{", "[2,1,{\"added\":[7],");
        assert_eq!(document::read::<ScoringRequest>(&more).unwrap(), request);
        let newer = document::read::<ScoringRequest>(&more.replace("[2,1,", "[2,2,"));
        assert!(matches!(newer, Err(Error::NewerFormat { needed: 2, .. })));
    }
}
