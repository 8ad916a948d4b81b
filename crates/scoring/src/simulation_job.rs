//! Simulations: every customer under two versions of a scorecard as of a date, counted and not recorded.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::NaiveDate;
use kehu_analytics::{Analytics, Frame};
use kehu_core::Value;
use kehu_core::scorecard::Scorecard;
use kehu_runs::{Job, Partition, RunContext};
use kehu_server::{Fault, names};
use kehu_storage::{
    Database, change_log,
    definitions::{self, Published},
    document::Document,
    run::{self, Cut, Kind},
    scoring::{
        scorecards::{Calibrated, Version},
        scores::Evaluated,
    },
};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::calibration;
use crate::convert::analytics_fault;
use crate::evaluate::{self, Card, FirstReferences};
use crate::simulation::tally::{Compared, Scored, Tally};

/// What customers bought, for whoever asks how much moves.
const AMOUNT: &str = "amount_365d";

/// What a simulation was asked to do, as kept in the run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SimulationRequest {
    /// The id of the scorecard.
    pub(crate) scorecard: String,
    /// The number of its version that is tried.
    pub(crate) version: i64,
    /// What that version was when it was asked for: a draft may change.
    pub(crate) etag: String,
    /// The number of the version that it is compared with.
    pub(crate) base: Option<i64>,
}

impl Document for SimulationRequest {
    const NAME: &'static str = "request of a simulation of a scorecard";
}

/// Simulations, in one piece: a draft is calibrated over everybody, and compared under that.
pub(crate) const KIND: Kind = Kind { name: "scorecard-simulation", cut: Cut::Whole, after: &[] };

/// Carries out simulations.
pub(crate) struct SimulationJob {
    db: Database,
    analytics: Analytics,
}

/// The version that is tried, and the one that it is compared with.
struct Versions {
    tried: Version,
    base: Option<Version>,
}

impl SimulationJob {
    pub(crate) fn new(db: Database, analytics: Analytics) -> Self {
        Self { db, analytics }
    }

    /// The versions, if the one that is tried is still what it was when it was asked for.
    async fn versions(&self, request: &SimulationRequest) -> Result<Versions, Fault> {
        let id = &request.scorecard;
        let tried = definitions::get::<Scorecard>(&self.db, id, Some(request.version)).await?;
        if tried.etag != request.etag {
            return Err(Fault::Precondition {
                kind: "DRAFT_UNCHANGED",
                subject: names::resource(names::SCORECARDS, id),
                description: "the draft has changed since it was to be simulated: simulate again"
                    .to_owned(),
            });
        }
        let base = match request.base {
            Some(base) => Some(definitions::get::<Scorecard>(&self.db, id, Some(base)).await?),
            None => None,
        };
        Ok(Versions { tried, base })
    }

    async fn simulate(&self, context: &RunContext, partition: &Partition) -> Result<(), Fault> {
        let as_of = context.run.as_of.ok_or_else(|| Fault::internal("the run has no date"))?;
        let versions = self.versions(&context.request()?).await?;
        let position = change_log::seen(&self.db).await?;
        context.phase("features").await?;
        let frame = self.frame(context, partition, &versions, as_of).await?;
        let first = Arc::new(FirstReferences::all(&self.db, &partition.customers).await?);
        context.check()?;
        context.phase("scores").await?;
        let tried = self.ready(&versions.tried, (&frame, &first), as_of).await?;
        let base = match &versions.base {
            Some(base) => Some(self.ready(base, (&frame, &first), as_of).await?),
            None => None,
        };
        let tally = evaluate::busy(move || compare(&frame, &first, &tried, base.as_deref()));
        let tally = tally.await?;
        let count = |number: i64| usize::try_from(number).map_err(Fault::internal);
        let (done, changed) = (count(tally.counted())?, count(tally.moved())?);
        let transaction = self.db.begin().await?;
        let place = (context.run.run_id, partition.number);
        run::keep_part(&transaction, place, position, &tally).await?;
        context.finish_partition(&transaction, partition, done, changed).await?;
        Ok(transaction.commit().await?)
    }

    /// What both versions read of everybody.
    async fn frame(
        &self,
        context: &RunContext,
        partition: &Partition,
        versions: &Versions,
        as_of: NaiveDate,
    ) -> Result<Frame, Fault> {
        let cards = versions.base.iter().chain([&versions.tried]).map(|card| &card.definition);
        let mut names: BTreeSet<&str> = evaluate::features(cards).into_iter().collect();
        names.insert(AMOUNT);
        let names = Vec::from_iter(names);
        let run_id = context.run.run_id;
        self.analytics.freeze(as_of, run_id, &names).await.map_err(analytics_fault)?;
        let frame = self.analytics.features(&partition.customers, as_of, &names);
        frame.await.map_err(analytics_fault)
    }

    /// A version ready to score; a draft is calibrated as publishing it would.
    async fn ready(
        &self,
        version: &Version,
        (frame, first): (&Frame, &Arc<FirstReferences>),
        as_of: NaiveDate,
    ) -> Result<Arc<Card>, Fault> {
        let catalogue = self.analytics.catalogue().await.map_err(analytics_fault)?;
        if version.published.is_some() {
            return Card::new(version.clone(), &catalogue);
        }
        let (definition, frame) = (version.definition.clone(), frame.clone());
        let first = Arc::clone(first);
        let calibration =
            evaluate::busy(move || calibration::over(&definition, &frame, &first, false));
        let frozen = Calibrated { calibration: calibration.await?, calibrated_on: as_of };
        let published = Some(Published { frozen, signed: version.drafted.clone() });
        Card::new(Version { published, ..version.clone() }, &catalogue)
    }
}

/// Everybody under both versions.
fn compare(
    frame: &Frame,
    first: &FirstReferences,
    tried: &Card,
    base: Option<&Card>,
) -> Result<Tally, Fault> {
    let after = tried.scores(frame, first)?;
    let before = match base {
        Some(base) => base.scores(frame, first)?,
        None => Vec::new(),
    };
    let amounts = frame.column(AMOUNT).map_err(analytics_fault)?;
    let mut before = before.into_iter().map(scored);
    let mut compared = Vec::with_capacity(after.len());
    for (found, amount) in after.into_iter().zip(amounts) {
        let amount = if let Value::Number(amount) = amount { amount } else { Decimal::ZERO };
        let customer = found.customer;
        let reference = first.of(customer).clone();
        let (before, after) = (before.next().unwrap_or_default(), scored(found));
        compared.push(Compared { customer, reference, amount, before, after });
    }
    Ok(Tally::of(compared))
}

fn scored(found: Evaluated) -> Scored {
    let score = found.score;
    Scored { composite: score.composite, grade: score.grade.unwrap_or_default() }
}

#[async_trait]
impl Job for SimulationJob {
    fn kind(&self) -> Kind {
        KIND
    }

    async fn execute(&self, context: &RunContext) -> Result<(), Fault> {
        while let Some(partition) = context.next().await? {
            self.simulate(context, &partition).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kehu_storage::{Error, document};

    #[test]
    fn requests_survive_the_formats_around_theirs() {
        let own = r#"[1,1,{"scorecard":"value","version":2,"etag":"7-1","base":1}]"#;
        let request: SimulationRequest = document::read(own).unwrap();
        assert_eq!(document::write(&request), own);
        let more = own.replace("[1,1,{", "[2,1,{\"added\":[7],");
        assert_eq!(document::read::<SimulationRequest>(&more).unwrap(), request);
        let newer = document::read::<SimulationRequest>(&more.replace("[2,1,", "[2,2,"));
        assert!(matches!(newer, Err(Error::NewerFormat { needed: 2, .. })));
    }
}
