//! Answers about the customer base: who is in which class, what they bring, who moved.
//!
//! [`report`] computes the reports from plain rows, exactly; [`page`] draws them as one HTML
//! page and `export` writes them as CSV. `source` reads what ingestion, scoring and coding wrote,
//! and `answer` puts the two together; nothing is written.
//!
//! To add a report: its computation in `report`, its method in `answer` and in the contract, its
//! chart in `charts` with a section in `page`, its rows in `export`.

mod answer;
mod charts;
mod convert;
mod currency;
mod export;
mod format;
mod html;
mod labels;
pub mod page;
pub mod ratio;
pub mod report;
mod reporting_service;
mod request;
mod source;

use chrono_tz::Tz;
use kehu_contract::reporting::reporting_service_server::ReportingServiceServer;
use kehu_storage::{Database, settings::Settings};
use tonic::service::RoutesBuilder;

/// The reporting role of a process.
#[derive(Debug, Clone)]
pub struct Reporting {
    db: Database,
    settings: Settings,
    zone: Tz,
}

impl Reporting {
    /// The role on a database with these settings.
    ///
    /// # Panics
    /// When the time zone of the settings does not exist; it is checked before it is kept.
    pub fn new(db: Database, settings: Settings) -> Self {
        let zone = settings.time_zone.parse();
        let zone = zone.expect("the time zone is checked before the database keeps it");
        Self { db, settings, zone }
    }

    /// Mounts its gRPC services.
    pub fn routes(&self, routes: &mut RoutesBuilder) {
        routes.add_service(ReportingServiceServer::new(self.clone()));
    }

    /// ISO 4217 code of the base currency.
    fn currency(&self) -> &str {
        &self.settings.base_currency
    }
}
