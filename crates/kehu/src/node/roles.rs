//! The services of a process: which roles it has, and what each brings.

use kehu_analytics::Analytics;
use kehu_coding::{Coding, Publishing};
use kehu_core::calendar::BusinessCalendar;
use kehu_ingestion::Ingestion;
use kehu_reporting::Reporting;
use kehu_runs::{BusinessDates, Daily, Follower, Job, Runs};
use kehu_scoring::Scoring;
use kehu_server::{config, method};
use kehu_storage::{Database, settings::Settings};
use std::sync::Arc;
use tonic::service::RoutesBuilder;

/// A service that a process can serve.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Role {
    /// Records in.
    Ingestion,
    /// Features and scores.
    Scoring,
    /// Classes and codes.
    Coding,
    /// Reports.
    Reporting,
}

/// Every role.
pub(crate) const ALL_ROLES: [Role; 4] =
    [Role::Ingestion, Role::Scoring, Role::Coding, Role::Reporting];

impl Role {
    /// Its name in the command line, in packages of the contract and in telemetry.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ingestion => "ingestion",
            Self::Scoring => "scoring",
            Self::Coding => "coding",
            Self::Reporting => "reporting",
        }
    }
}

/// The full names of the services that these roles serve; every one answers for runs.
pub(crate) fn service_names(roles: &[Role]) -> Vec<String> {
    let packages = roles.iter().map(|role| role.name()).chain(["run"]);
    packages.flat_map(|package| method::services(&format!("kehu.{package}.v1"))).collect()
}

/// The services of a process, not yet running.
pub(crate) struct Parts {
    /// Its gRPC services.
    pub routes: RoutesBuilder,
    /// How its runs are carried out.
    pub jobs: Vec<Arc<dyn Job>>,
    /// What follows the change log.
    pub followers: Vec<Arc<dyn Follower>>,
    /// What is evaluated each business day.
    pub dailies: Vec<Arc<dyn Daily>>,
}

/// Puts together what `roles` bring.
pub(crate) fn assemble(
    db: &Database,
    settings: &Settings,
    calendar: BusinessCalendar,
    analytics: &Analytics,
    roles: &[Role],
    config: &config::Settings,
) -> Parts {
    let mut parts = Parts {
        routes: RoutesBuilder::default(),
        jobs: Vec::new(),
        followers: Vec::new(),
        dailies: Vec::new(),
    };
    let runs = Runs::new(db.clone()).max_waiting(config.runs.max_waiting_per_caller);
    runs.routes(&mut parts.routes);
    BusinessDates::new(db.clone(), calendar).routes(&mut parts.routes);
    for role in roles {
        let (db, settings, analytics) = (db.clone(), settings.clone(), analytics.clone());
        match role {
            Role::Ingestion => {
                let ingestion = Ingestion::new(db, settings)
                    .reject_mib(config.retention.rejects_mib_per_caller)
                    .max_waiting(config.runs.max_waiting_per_caller);
                ingestion.routes(&mut parts.routes);
                parts.jobs.extend(ingestion.jobs());
                parts.dailies.extend(ingestion.dailies());
            }
            Role::Scoring => {
                let scoring = Scoring::new(db, settings, analytics)
                    .max_waiting(config.runs.max_waiting_per_caller)
                    .publish_needs_simulation(config.scorecards.publish_needs_simulation);
                scoring.routes(&mut parts.routes);
                parts.jobs.extend(scoring.jobs());
                parts.followers.extend(scoring.followers());
                parts.dailies.extend(scoring.dailies());
            }
            Role::Coding => {
                let publishing = Publishing {
                    simulation: config.taxonomies.publish_needs_simulation,
                    approval: config.taxonomies.publish_needs_approval,
                };
                let coding = Coding::new(db, settings, analytics)
                    .max_waiting(config.runs.max_waiting_per_caller)
                    .publishing(publishing);
                coding.routes(&mut parts.routes);
                parts.jobs.extend(coding.jobs());
                parts.followers.extend(coding.followers());
                parts.dailies.extend(coding.dailies());
            }
            Role::Reporting => {
                Reporting::new(db, settings, analytics).routes(&mut parts.routes);
            }
        }
    }
    parts
}
