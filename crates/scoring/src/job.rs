//! Scoring runs: every customer under some scorecards as of a date.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::NaiveDate;
use kehu_analytics::{Analytics, Catalogue};
use kehu_core::CustomerId;
use kehu_runs::{Job, Partition, RunContext};
use kehu_server::{Fault, clock};
use kehu_storage::{
    Database, Transaction,
    change_log::{self, NewChange, Position, Topic},
    definitions,
    document::Document,
    facts::CustomerSet,
    history::{Guarded, Subject, Writer},
    run::{Cut, Kind, Run},
    scoring::{
        scorecards::Version,
        scores::{self, Evaluation, Scope, ScoreLine},
    },
};
use serde::{Deserialize, Serialize};

use crate::convert::analytics_fault;
use crate::evaluate::{self, Card};

/// How often a partition is evaluated again because another writer got in the way.
const ATTEMPTS: u32 = 5;
/// Customers of one entry of the change log.
const CUSTOMERS_OF_CHANGE: usize = 20_000;

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

/// What all partitions of a run have in common.
struct Work<'a> {
    context: &'a RunContext,
    lines: Vec<ScoreLine>,
    cards: Vec<Arc<Card>>,
    as_of: NaiveDate,
}

impl ScoringJob {
    pub(crate) fn new(db: Database, analytics: Analytics) -> Self {
        Self { db, analytics }
    }

    /// What the run works with: fixed when it is first taken up, the same for every worker.
    async fn work<'a>(&self, context: &'a RunContext) -> Result<Work<'a>, Fault> {
        let as_of = context.run.as_of.ok_or_else(|| Fault::internal("the run has no date"))?;
        let request: ScoringRequest = context.request()?;
        let newest = definitions::in_force(&self.db, &request.scorecards).await?;
        let catalogue = self.analytics.catalogue().await.map_err(analytics_fault)?;
        let newest =
            if request.scorecards.is_empty() { sound(newest, &catalogue)? } else { newest };
        let lines = scores::pin(&self.db, context.run.run_id, as_of, &newest).await?;
        let card = |line: &ScoreLine| Card::new(line.version.clone(), &catalogue);
        let cards = lines.iter().map(card).collect::<Result<Vec<_>, Fault>>()?;
        let definitions = cards.iter().map(|card| &card.version.definition);
        let names = evaluate::features(definitions);
        let frozen = self.analytics.freeze(as_of, context.run.run_id, &names).await;
        frozen.map_err(analytics_fault)?;
        Ok(Work { context, lines, cards, as_of })
    }

    async fn score(&self, work: &Work<'_>, partition: &Partition) -> Result<(), Fault> {
        let mut attempt = 1;
        loop {
            work.context.check()?;
            let (db, cards) = ((&self.db, &self.analytics), work.cards.clone());
            let scored = evaluate::evaluate(db, cards, &partition.customers, work.as_of).await?;
            match self.write(work, partition, scored).await {
                Err(Fault::Conflict) if attempt < ATTEMPTS => attempt += 1,
                done => return done,
            }
        }
    }

    async fn write(
        &self,
        work: &Work<'_>,
        partition: &Partition,
        scored: evaluate::Evaluation,
    ) -> Result<(), Fault> {
        let CustomerSet::Range(first, last) = partition.customers else {
            return Err(Fault::internal("a partition is a range of customers"));
        };
        let transaction = self.db.begin().await?;
        let (guarded, steps) = (Guarded::Customers(&scored.customers), work.lines.len());
        let steps = u32::try_from(steps).map_err(Fault::internal)?;
        let mut writer = Writer::begin(&transaction, Subject::Scores, guarded, steps).await?;
        let (mut moved, mut seen) = (BTreeSet::new(), BTreeSet::new());
        for line in &work.lines {
            let Some(found) = scored.scores.get(&line.version.version_id) else { continue };
            let evaluation = Evaluation {
                line,
                day: work.as_of,
                position: scored.position,
                run_id: Some(work.context.run.run_id),
                scope: Scope::Range(first, last),
            };
            let customers = scores::record(&mut writer, &evaluation, found).await?;
            if scores::is_seen(&transaction, line, work.as_of).await? {
                seen.extend(customers.iter().copied());
            }
            moved.extend(customers);
        }
        let (done, count) = (scored.customers.len(), moved.len());
        work.context.finish_partition(&transaction, partition, done, count).await?;
        append(&transaction, seen, work.as_of).await?;
        Ok(transaction.commit().await?)
    }
}

/// Those that can score, unless none can: of all that are published the broken are left out.
fn sound(versions: Vec<Version>, catalogue: &Catalogue) -> Result<Vec<Version>, Fault> {
    let (mut sound, mut broken) = (Vec::with_capacity(versions.len()), None);
    for version in versions {
        match Card::sound(&version, catalogue) {
            Ok(_) => sound.push(version),
            Err(fault) => broken = Some(fault),
        }
    }
    match broken {
        Some(fault) if sound.is_empty() => Err(fault),
        _ => Ok(sound),
    }
}

/// Tells the followers whose scores changed.
pub(crate) async fn append(
    transaction: &Transaction,
    changed: BTreeSet<CustomerId>,
    as_of: NaiveDate,
) -> Result<(), Fault> {
    let customers = Vec::from_iter(changed);
    for customers in customers.chunks(CUSTOMERS_OF_CHANGE) {
        let change = change(customers.to_vec(), as_of, None, clock::now());
        change_log::append(transaction, &change).await?;
    }
    Ok(())
}

#[async_trait]
impl Job for ScoringJob {
    fn kind(&self) -> Kind {
        KIND
    }

    async fn execute(&self, context: &RunContext) -> Result<(), Fault> {
        let work = self.work(context).await?;
        context.phase("scores").await?;
        while let Some(partition) = context.next().await? {
            self.score(&work, &partition).await?;
        }
        Ok(())
    }

    /// With all partitions done the day is evaluated for everybody, and new versions come in
    /// force: all at once, with what follows from it.
    async fn complete(&self, run: &Run, transaction: &Transaction) -> Result<(), Fault> {
        let as_of = run.as_of.ok_or_else(|| Fault::internal("the run has no date"))?;
        let mut changed = BTreeSet::new();
        for line in scores::lines(transaction, run.run_id).await? {
            changed.extend(scores::complete(transaction, &line, as_of).await?);
        }
        append(transaction, changed, as_of).await
    }
}

/// The entry of the change log for customers whose scores of a date changed.
pub(crate) fn change(
    mut customers: Vec<CustomerId>,
    as_of: NaiveDate,
    cause: Option<Position>,
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
        cause,
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
