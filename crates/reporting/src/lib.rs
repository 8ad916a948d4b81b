//! Answers about the customer base: who is in which class, what they bring, who moved.
//!
//! Each [`report`] is a folder: what it asks the database, what it computes from the answer,
//! exactly, the table that it comes as and its section of the [`page`]. `source` holds what
//! several of them ask. Nothing is written.
//!
//! To add a report: a folder in `report` and its line in `REPORTS`. CSV, workbooks, messages, a
//! page of its own and its name in the list follow from its table. What its query reads is a
//! relation of [`kehu_storage::reports`].

// Optimised builds compute the layout of calls within calls down to the database, a little deeper
// than the compiler's own limit.
#![recursion_limit = "256"]

mod bands;
mod charts;
mod convert;
mod csv;
mod currency;
mod export;
mod format;
mod html;
mod labels;
pub mod page;
pub mod ratio;
mod recommend;
pub mod report;
mod reporting_service;
mod request;
mod source;
mod xlsx;

use chrono::NaiveDate;
use chrono_tz::Tz;
use kehu_analytics::Analytics;
use kehu_contract::reporting::reporting_service_server::ReportingServiceServer;
use kehu_core::calendar::BusinessCalendar;
use kehu_server::{Fault, clock};
use kehu_storage::{Database, business_date, settings::Settings};
use tonic::service::RoutesBuilder;

/// The reporting role of a process.
#[derive(Debug, Clone)]
pub struct Reporting {
    db: Database,
    settings: Settings,
    analytics: Analytics,
    zone: Tz,
    calendar: BusinessCalendar,
}

impl Reporting {
    /// The role on a database with these settings; `analytics` computes from its facts.
    ///
    /// # Panics
    /// When the time zone of the settings does not exist; it is checked before it is kept.
    pub fn new(db: Database, settings: Settings, analytics: Analytics) -> Self {
        let checked = "the time zone is checked before the database keeps it";
        let zone = settings.time_zone.parse().expect(checked);
        let calendar = BusinessCalendar::new(&settings.time_zone).expect(checked);
        Self { db, settings, analytics, zone, calendar }
    }

    /// Mounts its gRPC services.
    pub fn routes(&self, routes: &mut RoutesBuilder) {
        routes.add_service(ReportingServiceServer::new(self.clone()));
    }

    /// The business date that holds: that of reports for which no date is given.
    async fn business_date(&self) -> Result<NaiveDate, Fault> {
        Ok(business_date::current(&self.db, &self.calendar, clock::now()).await?.date)
    }

    /// ISO 4217 code of the base currency.
    fn currency(&self) -> &str {
        &self.settings.base_currency
    }
}
