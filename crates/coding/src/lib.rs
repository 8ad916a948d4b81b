//! The coding service: classes of customers under taxonomies, and the codes that follow from
//! them.
//!
//! A taxonomy's predicates are compiled once ([`rules`]) and evaluated over customer frames
//! ([`evaluate`]). A run ([`classification_job`]) classifies every customer, a follower
//! ([`class_follower`]) those whose facts or scores changed; both write the same rows. A simulation
//! ([`simulation_job`]) counts what a version would change and writes nobody's class, an evaluation
//! ([`evaluation_job`]) measures how well the one in force does. Codes are given in one place ([`assign`]), by a run ([`coding_job`]) and, once a scheme has had one, by a
//! follower of classes ([`code_follower`]).

mod assign;
mod class_follower;
mod classification_job;
mod classification_service;
mod code_follower;
mod code_service;
mod coding_job;
mod convert;
mod daily;
mod evaluate;
mod evaluation;
mod evaluation_job;
mod filter;
mod following;
mod lookup;
mod measure;
mod moved;
mod overrides;
mod quality;
mod retraction_job;
mod rules;
mod simulation;
mod simulation_job;
mod strategy_service;
mod taxonomy_service;
mod templates;
mod watch;

use std::sync::Arc;

use chrono::NaiveDate;
use kehu_analytics::Analytics;
use kehu_contract::coding::{
    classification_service_server::ClassificationServiceServer,
    code_service_server::CodeServiceServer, strategy_service_server::StrategyServiceServer,
    taxonomy_service_server::TaxonomyServiceServer,
};
use kehu_core::{CustomerId, calendar::BusinessCalendar};
use kehu_runs::{Daily, Follower, Job, MAX_WAITING};
use kehu_server::{Fault, clock};
use kehu_storage::{Database, business_date, ingestion, settings::Settings};
use tonic::service::RoutesBuilder;

use class_follower::{ClassFollower, Followed};
use classification_job::ClassificationJob;
use code_follower::{CodeFollower, Followed as CodesFollow};
use coding_job::CodingJob;
use daily::DailyClassification;
use evaluation::quarterly::QuarterlyEvaluation;
use evaluation_job::EvaluationJob;
use retraction_job::RetractionJob;
use simulation_job::SimulationJob;

pub use convert::{definition_message as taxonomy_definition, taxonomy};
pub use measure::keep_counting;
pub use templates::standard_scheme;

/// The coding role of a process.
#[derive(Clone)]
pub struct Coding {
    db: Database,
    analytics: Analytics,
    calendar: BusinessCalendar,
    base_currency: String,
    max_waiting: u32,
    publishing: Publishing,
}

/// What publishing a taxonomy takes besides a sound draft.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Publishing {
    /// A simulation of the draft, of data that have not changed since.
    pub simulation: bool,
    /// An approval by somebody other than the author.
    pub approval: bool,
}

impl Coding {
    /// The role on a database with these settings; `analytics` computes from its facts.
    ///
    /// # Panics
    /// When the time zone of the settings does not exist; it is checked before it is kept.
    pub fn new(db: Database, settings: Settings, analytics: Analytics) -> Self {
        let calendar = BusinessCalendar::new(&settings.time_zone)
            .expect("the time zone is checked before the database keeps it");
        let base_currency = settings.base_currency;
        let publishing = Publishing::default();
        Self { db, analytics, calendar, base_currency, max_waiting: MAX_WAITING, publishing }
    }

    /// How many runs of a kind may wait that one caller has asked for.
    #[must_use]
    pub fn max_waiting(self, max_waiting: u32) -> Self {
        Self { max_waiting, ..self }
    }

    /// What publishing a taxonomy takes.
    #[must_use]
    pub fn publishing(self, publishing: Publishing) -> Self {
        Self { publishing, ..self }
    }

    /// Mounts its gRPC services.
    pub fn routes(&self, routes: &mut RoutesBuilder) {
        routes
            .add_service(TaxonomyServiceServer::new(self.clone()))
            .add_service(ClassificationServiceServer::new(self.clone()))
            .add_service(CodeServiceServer::new(self.clone()))
            .add_service(StrategyServiceServer::new(self.clone()));
    }

    /// The kinds of runs it carries out.
    pub fn jobs(&self) -> Vec<Arc<dyn Job>> {
        vec![
            Arc::new(ClassificationJob::new(self.db.clone(), self.analytics.clone())),
            Arc::new(CodingJob::new(self.db.clone(), self.analytics.clone())),
            Arc::new(SimulationJob::new(self.db.clone(), self.analytics.clone())),
            Arc::new(EvaluationJob::new(self.db.clone(), self.analytics.clone())),
            Arc::new(RetractionJob::new(self.db.clone())),
        ]
    }

    /// What it does each business day.
    pub fn dailies(&self) -> Vec<Arc<dyn Daily>> {
        let (db, analytics) = (self.db.clone(), self.analytics.clone());
        vec![
            Arc::new(DailyClassification::new(db.clone(), analytics, self.calendar)),
            Arc::new(QuarterlyEvaluation::new(db, self.calendar)),
        ]
    }

    /// What it does when facts, scores and classes change.
    pub fn followers(&self) -> Vec<Arc<dyn Follower>> {
        let (db, analytics, calendar) = (&self.db, &self.analytics, self.calendar);
        let classes =
            |followed| ClassFollower::new(db.clone(), analytics.clone(), calendar, followed);
        let codes = |followed| CodeFollower::new(db.clone(), analytics.clone(), calendar, followed);
        vec![
            Arc::new(classes(Followed::Facts)),
            Arc::new(classes(Followed::Scores)),
            Arc::new(codes(CodesFollow::Classes)),
            Arc::new(codes(CodesFollow::Facts)),
        ]
    }

    /// The customer that stands for this one: itself, or the one it is merged into.
    async fn standing(&self, customer: CustomerId) -> Result<CustomerId, Fault> {
        let survivor = ingestion::survivor(&self.db, customer, None).await?;
        Ok(survivor.unwrap_or(customer))
    }

    /// The business date that holds.
    async fn business_date(&self) -> Result<NaiveDate, Fault> {
        Ok(business_date::current(&self.db, &self.calendar, clock::now()).await?.date)
    }
}
