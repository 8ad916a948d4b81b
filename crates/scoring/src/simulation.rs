//! What a version of a scorecard would change, and whether publishing may rest on it.

pub(crate) mod tally;

use chrono::{NaiveDate, TimeDelta};
use kehu_contract::scoring::{
    GetSimulationRequest, GetSimulationResponse, StartSimulationRequest, StartSimulationResponse,
};
use kehu_core::scorecard::Scorecard;
use kehu_server::{Fault, Violations, auth, clock, convert, names};
use kehu_storage::{
    change_log::{self, Position, Topic},
    definitions, document,
    run::{self, NewRun, Run, RunState},
    scoring::scorecards::Version,
};
use tonic::Request;

use crate::Scoring;
use crate::convert::simulation;
use crate::simulation_job::{KIND, SimulationRequest};
use tally::Tally;

/// How long publishing may rest on a simulation.
const GOOD_FOR: TimeDelta = TimeDelta::days(1);

/// A simulation that has succeeded.
pub(crate) struct Simulated {
    pub(crate) run: Run,
    pub(crate) request: SimulationRequest,
    pub(crate) tally: Tally,
    /// Up to where the change log was seen.
    seen: Position,
}

impl Scoring {
    pub(crate) async fn start_simulation(
        &self,
        request: Request<StartSimulationRequest>,
    ) -> Result<StartSimulationResponse, Fault> {
        let caller = auth::caller(request.extensions());
        let request = request.into_inner();
        let mut violations = Violations::new();
        let id = names::parse_resource("name", names::SCORECARDS, &request.name, &mut violations);
        let version = names::parse_version("version", request.version, &mut violations);
        let base = names::parse_version("base_version", request.base_version, &mut violations);
        let as_of = convert::parse_date("as_of_date", request.as_of_date, &mut violations);
        let request_id = convert::parse_request_id(&request.request_id, &mut violations);
        let (today, limit) = (self.business_date().await?, "the business date");
        kehu_runs::check_not_later("as_of_date", as_of, today, limit, &mut violations);
        violations.finish()?;
        let id = id.unwrap_or_default();
        let version = definitions::get::<Scorecard>(&self.db, &id, version).await?;
        let base = self.base(&version, base).await?;
        let asked = SimulationRequest {
            scorecard: id,
            version: version.version,
            etag: version.etag,
            base: base.map(|base| base.version),
        };
        let new = NewRun {
            kind: KIND,
            request: document::write(&asked),
            as_of: Some(as_of.unwrap_or(today)),
            partition_size: None,
            request_id,
            caller,
        };
        let run = kehu_runs::start(&self.db, &new, self.max_waiting).await?;
        Ok(StartSimulationResponse { run: Some(run) })
    }

    /// The version to compare with: the one that is named, else the latest published before.
    async fn base(&self, version: &Version, named: Option<i64>) -> Result<Option<Version>, Fault> {
        let id = &version.definition.id;
        let Some(named) = named else {
            let published = definitions::published::<Scorecard>(&self.db, id).await?;
            return Ok(published.into_iter().find(|it| it.version < version.version));
        };
        let base = definitions::get::<Scorecard>(&self.db, id, Some(named)).await?;
        let mut violations = Violations::new();
        if named == version.version {
            violations.add("base_version", "must be another version than the one that is tried");
        } else if base.published.is_none() {
            violations
                .add("base_version", "must be a published version: a draft has no thresholds");
        }
        violations.finish()?;
        Ok(Some(base))
    }

    pub(crate) async fn get_simulation(
        &self,
        request: GetSimulationRequest,
    ) -> Result<GetSimulationResponse, Fault> {
        let simulated = self.simulated("run", &request.run).await?;
        let (id, version) = (&simulated.request.scorecard, Some(simulated.request.version));
        let version = definitions::get::<Scorecard>(&self.db, id, version).await?;
        let mut shown = simulation(&simulated, &version.definition, &self.base_currency)?;
        if version.published.is_none() {
            let today = self.business_date().await?;
            let stale = self.stale(&simulated, &version, today).await?;
            shown.stale_reason = stale.unwrap_or_default();
        }
        Ok(GetSimulationResponse { simulation: Some(shown) })
    }

    /// The simulation that a field names.
    async fn simulated(&self, field: &str, name: &str) -> Result<Simulated, Fault> {
        let mut violations = Violations::new();
        let run_id = names::parse_run(field, name, &mut violations);
        violations.finish()?;
        let run_id = run_id.unwrap_or_default();
        let run = run::get(&self.db, run_id).await?;
        if run.kind != KIND.name {
            return Err(Fault::NotFound { kind: "simulation", name: names::run(run_id) });
        }
        let part = match run.state {
            RunState::Succeeded => run::parts::<Tally>(&self.db, run_id).await?.pop(),
            _ => None,
        };
        let Some((seen, tally)) = part else {
            return Err(Fault::Precondition {
                kind: "SIMULATION_SUCCEEDED",
                subject: names::run(run_id),
                description: "the simulation has not succeeded: wait for its run, or start another"
                    .to_owned(),
            });
        };
        let request: SimulationRequest = document::read(&run.request)?;
        Ok(Simulated { run, request, tally, seen })
    }

    /// Refuses to publish a draft as of a date because of the simulation that is named, or because none
    /// is where one has to be.
    pub(crate) async fn check_simulated(
        &self,
        run: &str,
        draft: &Version,
        date: NaiveDate,
    ) -> Result<(), Fault> {
        let refused = |kind, description| {
            let subject = names::resource(names::SCORECARDS, &draft.definition.id);
            Err(Fault::Precondition { kind, subject, description })
        };
        if run.is_empty() && self.needs_simulation {
            let what = "this server asks for a simulation: simulate the draft and name the run";
            return refused("DRAFT_SIMULATED", what.to_owned());
        }
        if run.is_empty() {
            return Ok(());
        }
        let simulated = self.simulated("simulation", run).await?;
        match self.stale(&simulated, draft, date).await? {
            Some(why) => refused("SIMULATION_HOLDS", why),
            None => Ok(()),
        }
    }

    /// Why a draft cannot be published as of a date because of a simulation, for people; `None` when it
    /// can.
    async fn stale(
        &self,
        simulated: &Simulated,
        draft: &Version,
        date: NaiveDate,
    ) -> Result<Option<String>, Fault> {
        let request = &simulated.request;
        let run = names::run(simulated.run.run_id);
        let again = |what: &str| Ok(Some(format!("{what} since {run}: simulate again")));
        if request.scorecard != draft.definition.id || request.version != draft.version {
            let id = names::resource(names::SCORECARDS, &request.scorecard);
            let simulated = format!("{run} simulated version {} of {id}", request.version);
            return Ok(Some(format!("{simulated}: simulate the draft")));
        }
        if request.etag != draft.etag {
            return again("the draft has changed");
        }
        if clock::now() - simulated.run.created_at > GOOD_FOR {
            return again("more than a day has passed");
        }
        if request.base != self.base(draft, None).await?.map(|version| version.version) {
            return again("it was compared with another version than the latest, or that changed");
        }
        if simulated.run.as_of != Some(date) {
            return again("it was for another day, or a business day has begun");
        }
        if !change_log::is_unchanged(&self.db, &[Topic::Facts], simulated.seen).await? {
            return again("data have changed");
        }
        Ok(None)
    }
}
