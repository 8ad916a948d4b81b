//! What a version of a taxonomy would change, and whether publishing may rest on it.

pub(crate) mod tally;

use chrono::TimeDelta;
use kehu_contract::coding::{
    GetSimulationRequest, GetSimulationResponse, StartSimulationRequest, StartSimulationResponse,
};
use kehu_core::taxonomy::Taxonomy;
use kehu_server::{Fault, Violations, auth, clock, convert, names};
use kehu_storage::{
    change_log::{self, Topic},
    coding::{changes, taxonomies::TaxonomyVersion},
    definitions, document,
    facts::{self, CustomerSet},
    run::{self, NewRun, Run, RunState},
};
use tonic::Request;

use crate::Coding;
use crate::convert::simulation;
use crate::simulation_job::{Comparison, KIND, SimulationRequest};
use tally::Tally;

/// How long publishing may rest on a simulation.
const GOOD_FOR: TimeDelta = TimeDelta::days(1);
/// Customers that are looked at together while a draft is published.
const AT_ONCE: u64 = 20_000;

/// A simulation that has succeeded.
pub(crate) struct Simulated {
    pub(crate) run: Run,
    pub(crate) request: SimulationRequest,
    pub(crate) tally: Tally,
    /// Up to where the change log was seen by the piece that has seen least.
    seen: change_log::Position,
}

impl Coding {
    pub(crate) async fn start_simulation(
        &self,
        request: Request<StartSimulationRequest>,
    ) -> Result<StartSimulationResponse, Fault> {
        let caller = auth::caller(request.extensions());
        let request = request.into_inner();
        let mut violations = Violations::new();
        let id = names::parse_resource("name", names::TAXONOMIES, &request.name, &mut violations);
        let version = names::parse_version("version", request.version, &mut violations);
        let base = names::parse_version("base_version", request.base_version, &mut violations);
        let as_of = convert::parse_date("as_of_date", request.as_of_date, &mut violations);
        let request_id = convert::parse_request_id(&request.request_id, &mut violations);
        violations.finish()?;
        let id = id.unwrap_or_default();
        let as_of = match as_of {
            Some(as_of) => as_of,
            None => self.business_date().await?,
        };
        let version = definitions::get::<Taxonomy>(&self.db, &id, version).await?;
        let base = self.base(&version, base).await?;
        let asked = SimulationRequest {
            taxonomy: id,
            version: version.version,
            etag: version.etag.clone(),
            base: base.as_ref().map(|base| base.version),
        };
        let pair = (version, base);
        let comparison = Comparison::new(&self.db, &self.analytics, pair, as_of).await?;
        self.check_scored(comparison.evaluator(), as_of).await?;
        let new = NewRun {
            kind: KIND,
            request: document::write(&asked),
            as_of: Some(as_of),
            partition_size: None,
            request_id,
            caller,
        };
        let run = kehu_runs::start(&self.db, &new, self.max_waiting).await?;
        Ok(StartSimulationResponse { run: Some(run) })
    }

    /// The version to compare with: the one that is named, else the one in force, else the latest
    /// published one before.
    async fn base(
        &self,
        version: &TaxonomyVersion,
        named: Option<i64>,
    ) -> Result<Option<TaxonomyVersion>, Fault> {
        let id = &version.definition.id;
        if named == Some(version.version) {
            let mut violations = Violations::new();
            violations.add("base_version", "must be another version than the one that is tried");
            violations.finish()?;
        }
        if let Some(named) = named {
            return Ok(Some(definitions::get::<Taxonomy>(&self.db, id, Some(named)).await?));
        }
        let in_force = changes::version_in_force(&self.db, id).await?;
        let in_force = in_force.filter(|it| it.version_id != version.version_id);
        if let Some(in_force) = in_force {
            return Ok(Some(TaxonomyVersion::clone(&in_force)));
        }
        let published = definitions::published::<Taxonomy>(&self.db, id).await?;
        Ok(published.into_iter().find(|it| it.version < version.version))
    }

    pub(crate) async fn get_simulation(
        &self,
        request: GetSimulationRequest,
    ) -> Result<GetSimulationResponse, Fault> {
        let simulated = self.simulated("run", &request.run).await?;
        let id = &simulated.request.taxonomy;
        let version = Some(simulated.request.version);
        let version = definitions::get::<Taxonomy>(&self.db, id, version).await?;
        let stale = match version.published {
            None => self.stale(&simulated, &version).await?,
            Some(_) => None,
        };
        let mut shown = simulation(&simulated, &version.definition, &self.base_currency)?;
        shown.stale_reason = stale.unwrap_or_default();
        Ok(GetSimulationResponse { simulation: Some(shown) })
    }

    /// The simulation that a field names.
    pub(crate) async fn simulated(&self, field: &str, name: &str) -> Result<Simulated, Fault> {
        let mut violations = Violations::new();
        let run_id = names::parse_run(field, name, &mut violations);
        violations.finish()?;
        let run_id = run_id.unwrap_or_default();
        let run = run::get(&self.db, run_id).await?;
        if run.kind != KIND.name {
            return Err(Fault::NotFound { kind: "simulation", name: names::run(run_id) });
        }
        if run.state != RunState::Succeeded {
            return Err(Fault::Precondition {
                kind: "SIMULATION_SUCCEEDED",
                subject: names::run(run_id),
                description: "the simulation has not succeeded: wait for its run, or start another"
                    .to_owned(),
            });
        }
        let request: SimulationRequest = document::read(&run.request)?;
        let (mut tally, mut seen) = (Tally::default(), None);
        for (position, part) in run::parts::<Tally>(&self.db, run_id).await? {
            tally.merge(part);
            seen = Some(seen.map_or(position, |seen: change_log::Position| seen.min(position)));
        }
        Ok(Simulated { run, request, tally, seen: seen.unwrap_or(change_log::Position::START) })
    }

    /// Why a draft cannot be published because of a simulation, for people; `None` when it can.
    pub(crate) async fn stale(
        &self,
        simulated: &Simulated,
        draft: &TaxonomyVersion,
    ) -> Result<Option<String>, Fault> {
        let request = &simulated.request;
        let run = names::run(simulated.run.run_id);
        let again = |what: &str| Ok(Some(format!("{what} since {run}: simulate again")));
        if request.taxonomy != draft.definition.id || request.version != draft.version {
            let id = names::resource(names::TAXONOMIES, &request.taxonomy);
            let simulated = format!("{run} simulated version {} of {id}", request.version);
            return Ok(Some(format!("{simulated}: simulate the draft")));
        }
        if request.etag != draft.etag {
            return again("the draft has changed");
        }
        if clock::now() - simulated.run.created_at > GOOD_FOR {
            return again("more than a day has passed");
        }
        let in_force = self.base(draft, None).await?;
        if request.base != in_force.map(|version| version.version) {
            return again(
                "it was compared with another version than the one in force, or that changed",
            );
        }
        if simulated.run.as_of != Some(self.business_date().await?) {
            return again("it was for another day, or a business day has begun");
        }
        let topics = [Topic::Facts, Topic::Scores];
        if !change_log::is_unchanged(&self.db, &topics, simulated.seen).await? {
            return again("data have changed");
        }
        Ok(None)
    }

    /// Adds a violation for each two classes of one priority that hold for the same customers: as the
    /// simulation has found, else as it is of live data on the business date.
    pub(crate) async fn check_exclusive(
        &self,
        draft: &TaxonomyVersion,
        simulated: Option<&Simulated>,
        violations: &mut Violations,
    ) -> Result<(), Fault> {
        let definition = &draft.definition;
        if !definition.has_exclusive_classes() || !violations.is_empty() {
            return Ok(());
        }
        let looked;
        let tally = match simulated {
            Some(simulated) => &simulated.tally,
            None => {
                looked = self.look(draft).await?;
                &looked
            }
        };
        for (first, others) in &tally.overlaps {
            for (other, overlap) in others.iter().filter(|(id, _)| definition.excludes(first, id)) {
                let place = definition.classes.iter().position(|class| class.id == *other);
                let field = format!("definition.classes[{}].predicate", place.unwrap_or_default());
                let (customers, example) = (overlap.customers, overlap.example);
                violations.add(field, format!(
                    "holds with class {first} of the same priority for {customers} customers, such \
                     as customers/{example}: exclude one by the other, or give them two priorities"
                ));
            }
        }
        Ok(())
    }

    /// Counts everybody under a draft as of the business date.
    async fn look(&self, draft: &TaxonomyVersion) -> Result<Tally, Fault> {
        let (today, pair) = (self.business_date().await?, (draft.clone(), None));
        let comparison = Comparison::new(&self.db, &self.analytics, pair, today).await?;
        let mut all = Tally::default();
        for (first, last) in facts::partitions(&self.db, AT_ONCE).await? {
            let (_, tally) = comparison.tally(&CustomerSet::Range(first, last)).await?;
            all.merge(tally);
        }
        Ok(all)
    }
}
