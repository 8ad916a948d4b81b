//! Simulations: every customer under two versions of a taxonomy as of a date, counted and not recorded.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::NaiveDate;
use kehu_analytics::{Analytics, Frame};
use kehu_core::code_scheme::{CodeScheme, Recoding};
use kehu_core::{CustomerId, Value, taxonomy::Taxonomy};
use kehu_runs::{Job, Partition, RunContext};
use kehu_server::{Fault, names};
use kehu_storage::{
    Database, change_log,
    coding::{codes, taxonomies::TaxonomyVersion},
    definitions,
    document::Document,
    facts::{self, CustomerSet},
    run::{self, Cut, Kind},
    time,
};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::convert::analytics_fault;
use crate::evaluate::{Evaluation, Evaluator};
use crate::simulation::tally::Tally;

/// What customers bought, for whoever asks how much moves.
const AMOUNT: &str = "amount_365d";

/// What a simulation was asked to do, as kept in the run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SimulationRequest {
    /// The id of the taxonomy.
    pub(crate) taxonomy: String,
    /// The number of its version that is tried.
    pub(crate) version: i64,
    /// What that version was when it was asked for: a draft may change.
    pub(crate) etag: String,
    /// The number of the version that it is compared with.
    pub(crate) base: Option<i64>,
}

impl Document for SimulationRequest {
    const NAME: &'static str = "request of a simulation";
}

/// Simulations. They read scores, so scoring that was asked for before comes first.
pub(crate) const KIND: Kind = Kind { name: "simulation", cut: Cut::Ranges, after: &["scoring"] };

/// Carries out simulations.
pub(crate) struct SimulationJob {
    db: Database,
    analytics: Analytics,
}

/// Two versions of a taxonomy, ready to be compared.
pub(crate) struct Comparison {
    db: Database,
    evaluator: Arc<Evaluator>,
    version: TaxonomyVersion,
    base: Option<TaxonomyVersion>,
    /// The ids of the schemes whose codes follow the classes.
    schemes: Vec<String>,
    as_of: NaiveDate,
}

impl Comparison {
    /// Compiles the versions. [`Fault::Precondition`] when one of them cannot classify any more.
    pub(crate) async fn new(
        db: &Database,
        analytics: &Analytics,
        (version, base): (TaxonomyVersion, Option<TaxonomyVersion>),
        as_of: NaiveDate,
    ) -> Result<Self, Fault> {
        let versions = base.iter().chain([&version]).cloned().collect();
        let evaluator = Evaluator::with_feature(db, analytics, versions, Some(AMOUNT)).await?;
        let mut schemes = Vec::new();
        for scheme in definitions::in_force::<CodeScheme>(db, &[] as &[&str]).await? {
            let scheme = scheme.definition;
            let follows = scheme.recoding == Recoding::OnClassChange;
            if follows && scheme.taxonomy == version.definition.id {
                schemes.push(scheme.id);
            }
        }
        Ok(Self { db: db.clone(), evaluator, version, base, schemes, as_of })
    }

    /// The scorecards whose scores the versions read.
    pub(crate) fn evaluator(&self) -> &Evaluator {
        &self.evaluator
    }

    /// Counts some customers, with up to where the change log was seen before.
    pub(crate) async fn tally(
        &self,
        customers: &CustomerSet,
    ) -> Result<(change_log::Position, Tally), Fault> {
        let position = change_log::seen(&self.db).await?;
        let frame = self.evaluator.frame(&self.db, customers, self.as_of).await?;
        let mut judged = self.evaluator.judge_frame(frame.clone(), position).await?;
        self.evaluator.put_overrides(&self.db, self.as_of, &mut judged).await?;
        let mut tally = self.matches(frame.clone()).await?;
        let after = classes(&judged, &self.version);
        let before = self.base.as_ref().map(|base| classes(&judged, base)).unwrap_or_default();
        let amounts = frame.column(AMOUNT).map_err(analytics_fault)?;
        let mut movers = Vec::new();
        for (row, (customer, amount)) in frame.customers().into_iter().zip(amounts).enumerate() {
            let amount = if let Value::Number(amount) = amount { amount } else { Decimal::ZERO };
            let from = before.get(row).map_or("", String::as_str);
            let to = after.get(row).map_or("", String::as_str);
            tally.count(from, to, amount);
            if from != to {
                movers.push((customer, (from, to), amount));
            }
        }
        self.name_movers(&movers, &mut tally).await?;
        self.recode(customers, &frame.customers(), &after, &mut tally).await?;
        Ok((position, tally))
    }

    /// For whom the predicates hold.
    async fn matches(&self, frame: Frame) -> Result<Tally, Fault> {
        let (evaluator, number) = (Arc::clone(&self.evaluator), self.version.version_id);
        // Busy for long: on a thread where it holds up nobody.
        let counted = tokio::task::spawn_blocking(move || {
            let mut tally = Tally::default();
            if let Some(rules) = evaluator.rules(number) {
                tally.match_all(&frame.customers(), &rules.holding(&frame)?);
            }
            Ok(tally)
        });
        counted.await.map_err(Fault::internal)?
    }

    async fn name_movers(
        &self,
        movers: &[(CustomerId, (&str, &str), Decimal)],
        tally: &mut Tally,
    ) -> Result<(), Fault> {
        let ids = movers.iter().map(|(customer, _, _)| customer.0).collect();
        let references = match movers.is_empty() {
            true => HashMap::new(),
            false => facts::first_references(&self.db, &CustomerSet::Ids(ids)).await?,
        };
        for (customer, way, amount) in movers {
            tally.mover(*customer, *way, *amount, references.get(customer));
        }
        tally.keep_greatest();
        Ok(())
    }

    /// Counts those whose code is of another class than the one that they would be in.
    async fn recode(
        &self,
        set: &CustomerSet,
        customers: &[CustomerId],
        after: &[String],
        tally: &mut Tally,
    ) -> Result<(), Fault> {
        for scheme in &self.schemes {
            let held = codes::current_of(&self.db, scheme, set).await?;
            let given = held.class_codes.iter().zip(&held.as_of);
            let given: HashMap<_, _> = held.customers.iter().zip(given).collect();
            let changed = customers.iter().zip(after).filter(|(customer, class)| {
                let class = self.version.definition.class(class);
                let code = class.map(|class| class.code.as_str());
                given.get(&customer.0).is_some_and(|(of, on)| {
                    code.is_some_and(|code| code != of.as_str()) && **on <= time::days(self.as_of)
                })
            });
            let changed = i64::try_from(changed.count()).map_err(Fault::internal)?;
            *tally.recoded.entry(scheme.clone()).or_default() += changed;
        }
        Ok(())
    }
}

/// The classes by a version, in the order of the customers; the empty one of who is left out.
fn classes(judged: &Evaluation, version: &TaxonomyVersion) -> Vec<String> {
    let mut results = judged.results.iter();
    let found = results.find(|(version_id, _)| *version_id == version.version_id);
    let classes = found.iter().flat_map(|(_, results)| results);
    classes.map(|result| result.class.clone()).collect()
}

impl SimulationJob {
    pub(crate) fn new(db: Database, analytics: Analytics) -> Self {
        Self { db, analytics }
    }

    /// The versions, if the one that is tried is still what it was when it was asked for.
    async fn versions(
        &self,
        request: &SimulationRequest,
    ) -> Result<(TaxonomyVersion, Option<TaxonomyVersion>), Fault> {
        let id = &request.taxonomy;
        let version = definitions::get::<Taxonomy>(&self.db, id, Some(request.version)).await?;
        if version.etag != request.etag {
            return Err(Fault::Precondition {
                kind: "DRAFT_UNCHANGED",
                subject: names::resource(names::TAXONOMIES, id),
                description: "the draft has changed since it was to be simulated: simulate again"
                    .to_owned(),
            });
        }
        let base = match request.base {
            Some(base) => Some(definitions::get::<Taxonomy>(&self.db, id, Some(base)).await?),
            None => None,
        };
        Ok((version, base))
    }

    async fn simulate(
        &self,
        context: &RunContext,
        comparison: &Comparison,
        partition: &Partition,
    ) -> Result<(), Fault> {
        context.check()?;
        let (position, tally) = comparison.tally(&partition.customers).await?;
        let counted: i64 =
            tally.moves.values().flat_map(|of| of.values()).map(|sum| sum.customers).sum();
        let count = |number: i64| usize::try_from(number).map_err(Fault::internal);
        let (done, changed) = (count(counted)?, count(tally.moved())?);
        let transaction = self.db.begin().await?;
        let place = (context.run.run_id, partition.number);
        run::keep_part(&transaction, place, position, &tally).await?;
        context.finish_partition(&transaction, partition, done, changed).await?;
        Ok(transaction.commit().await?)
    }
}

#[async_trait]
impl Job for SimulationJob {
    fn kind(&self) -> Kind {
        KIND
    }

    async fn execute(&self, context: &RunContext) -> Result<(), Fault> {
        let as_of = context.run.as_of.ok_or_else(|| Fault::internal("the run has no date"))?;
        let request: SimulationRequest = context.request()?;
        let versions = self.versions(&request).await?;
        let comparison = Comparison::new(&self.db, &self.analytics, versions, as_of).await?;
        comparison.evaluator().freeze(as_of, context.run.run_id).await?;
        context.phase("classes").await?;
        while let Some(partition) = context.next().await? {
            self.simulate(context, &comparison, &partition).await?;
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
        let own = r#"[1,1,{"taxonomy":"abc","version":2,"etag":"7-1","base":1}]"#;
        let request: SimulationRequest = document::read(own).unwrap();
        assert_eq!(document::write(&request), own);
        let more = own.replace("[1,1,{", "[2,1,{\"added\":[7],");
        assert_eq!(document::read::<SimulationRequest>(&more).unwrap(), request);
        let newer = document::read::<SimulationRequest>(&more.replace("[2,1,", "[2,2,"));
        assert!(matches!(newer, Err(Error::NewerFormat { needed: 2, .. })));
    }
}
