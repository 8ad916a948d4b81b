//! The scoring service: features of customers, scorecards with their calibration, and scores.
//!
//! A score is a pure function of a published scorecard version and the features of a customer
//! as of a date ([`evaluate`]). A run ([`job`]) computes it for every customer, the follower
//! ([`follower`]) for those whose facts changed; both write the same rows. A model is fitted by a run of
//! its own ([`model_job`]), and once it is promoted what it says of a customer is a feature. A simulation
//! ([`simulation_job`]) counts what a version would change and writes nobody's score.

mod calibration;
mod convert;
mod daily;
mod evaluate;
mod feature_service;
mod filter;
mod follower;
mod job;
mod model_job;
mod model_service;
mod retraction_job;
mod score_now;
mod scorecard_service;
mod scoring_service;
mod simulation;
mod simulation_job;

use std::sync::Arc;

use chrono::NaiveDate;
use kehu_analytics::Analytics;
use kehu_contract::scoring::{
    feature_service_server::FeatureServiceServer, model_service_server::ModelServiceServer,
    scorecard_service_server::ScorecardServiceServer, scoring_service_server::ScoringServiceServer,
};
use kehu_core::calendar::BusinessCalendar;
use kehu_runs::{Daily, Follower, Job, MAX_WAITING};
use kehu_server::{Fault, clock};
use kehu_storage::{Database, business_date, settings::Settings};
use tonic::service::RoutesBuilder;

use daily::DailyScoring;
use follower::ScoringFollower;
use job::ScoringJob;
use model_job::FittingJob;
use retraction_job::RetractionJob;
use simulation_job::SimulationJob;

pub use convert::{scorecard, template as scorecard_definition};

/// The scoring role of a process.
#[derive(Clone)]
pub struct Scoring {
    db: Database,
    analytics: Analytics,
    calendar: BusinessCalendar,
    base_currency: String,
    max_waiting: u32,
    needs_simulation: bool,
}

impl Scoring {
    /// The role on a database with these settings; `analytics` computes from its facts.
    ///
    /// # Panics
    /// When the time zone of the settings does not exist; it is checked before it is kept.
    pub fn new(db: Database, settings: Settings, analytics: Analytics) -> Self {
        let calendar = BusinessCalendar::new(&settings.time_zone)
            .expect("the time zone is checked before the database keeps it");
        let base_currency = settings.base_currency;
        Self {
            db,
            analytics,
            calendar,
            base_currency,
            max_waiting: MAX_WAITING,
            needs_simulation: false,
        }
    }

    /// Whether publishing a scorecard takes a simulation of its draft, of data that have not changed
    /// since.
    #[must_use]
    pub fn publish_needs_simulation(self, needs_simulation: bool) -> Self {
        Self { needs_simulation, ..self }
    }

    /// How many runs of a kind may wait that one caller has asked for.
    #[must_use]
    pub fn max_waiting(self, max_waiting: u32) -> Self {
        Self { max_waiting, ..self }
    }

    /// Mounts its gRPC services.
    pub fn routes(&self, routes: &mut RoutesBuilder) {
        routes
            .add_service(FeatureServiceServer::new(self.clone()))
            .add_service(ModelServiceServer::new(self.clone()))
            .add_service(ScorecardServiceServer::new(self.clone()))
            .add_service(ScoringServiceServer::new(self.clone()));
    }

    /// The kinds of runs it carries out.
    pub fn jobs(&self) -> Vec<Arc<dyn Job>> {
        let (db, analytics) = (self.db.clone(), self.analytics.clone());
        vec![
            Arc::new(ScoringJob::new(db.clone(), analytics.clone())),
            Arc::new(FittingJob::new(db.clone(), analytics.clone())),
            Arc::new(SimulationJob::new(db.clone(), analytics)),
            Arc::new(RetractionJob::new(db)),
        ]
    }

    /// What it does when facts change.
    pub fn followers(&self) -> Vec<Arc<dyn Follower>> {
        let (db, analytics) = (self.db.clone(), self.analytics.clone());
        vec![Arc::new(ScoringFollower::new(db, analytics, self.calendar))]
    }

    /// What it does each business day.
    pub fn dailies(&self) -> Vec<Arc<dyn Daily>> {
        vec![Arc::new(DailyScoring::new(self.db.clone(), self.analytics.clone()))]
    }

    /// The business date that holds.
    async fn business_date(&self) -> Result<NaiveDate, Fault> {
        Ok(business_date::current(&self.db, &self.calendar, clock::now()).await?.date)
    }
}
