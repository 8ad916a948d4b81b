//! Records in: takes them from streams, checks them, keeps customers, orders, rates, and what
//! was refused with its reasons.
//!
//! A batch is checked ([`check`]), converted to the base currency ([`assemble`]) and written by
//! the store in one transaction; [`stream`] does it for one call of `Ingest`. Besides the
//! service there is [`client`], which sends the records that `kehu-tables` reads from files.

mod assemble;
mod attribute_service;
mod check;
pub mod client;
mod convert;
mod customer_service;
mod data_summary;
mod ingestion_service;
mod late_reasons;
mod limits;
mod lookalikes;
mod match_service;
mod matching_job;
mod measure;
mod merges;
mod profile_values;
mod quality_job;
mod quality_service;
mod reference_service;
mod rejects;
mod stream;
mod upsert;

pub use convert::attribute::{message as attribute_message, read as attribute};

use std::sync::Arc;

use kehu_contract::ingestion::{
    attribute_service_server::AttributeServiceServer,
    customer_service_server::CustomerServiceServer,
    data_quality_service_server::DataQualityServiceServer,
    ingestion_service_server::IngestionServiceServer, match_service_server::MatchServiceServer,
    reference_data_service_server::ReferenceDataServiceServer,
};
use kehu_core::calendar::BusinessCalendar;
use kehu_runs::{Daily, Job, MAX_WAITING};
use kehu_storage::{Database, ingestion::attributes::DeclaredAttributes, settings::Settings};
use tonic::service::RoutesBuilder;

pub use measure::count_from_zero;
pub use rejects::watch_rejects;

use check::Checker;
use matching_job::MatchingJob;
use quality_job::{DailyQuality, QualityJob};

/// The ingestion role of a process.
#[derive(Clone)]
pub struct Ingestion {
    db: Database,
    checker: Checker,
    attributes: DeclaredAttributes,
    reject_bytes: i64,
    max_waiting: u32,
}

/// Bytes of rejects of one caller that are kept, unless a setting says otherwise.
const REJECT_BYTES: i64 = 1 << 30;

impl Ingestion {
    /// The role on a database with these settings.
    ///
    /// # Panics
    /// When the time zone of the settings does not exist; it is checked before it is kept.
    pub fn new(db: Database, settings: Settings) -> Self {
        let calendar = BusinessCalendar::new(&settings.time_zone)
            .expect("the time zone is checked before the database keeps it");
        let base_currency = settings.base_currency;
        let checker = Checker { calendar, base_currency, attributes: Arc::default() };
        let attributes = DeclaredAttributes::new(db.clone());
        let max_waiting = MAX_WAITING;
        Self { db, checker, attributes, reject_bytes: REJECT_BYTES, max_waiting }
    }

    /// How many MiB of rejects of one caller are kept: those that came last.
    #[must_use]
    pub fn reject_mib(self, mib: u32) -> Self {
        Self { reject_bytes: i64::from(mib) << 20, ..self }
    }

    /// How many runs of a kind may wait that one caller has asked for.
    #[must_use]
    pub fn max_waiting(self, max_waiting: u32) -> Self {
        Self { max_waiting, ..self }
    }

    /// The kinds of runs it carries out.
    pub fn jobs(&self) -> Vec<Arc<dyn Job>> {
        let (db, attributes) = (self.db.clone(), self.attributes.clone());
        let quality = QualityJob::new(db, attributes, self.checker.calendar);
        vec![Arc::new(MatchingJob::new(self.db.clone())), Arc::new(quality)]
    }

    /// What it does each business day.
    pub fn dailies(&self) -> Vec<Arc<dyn Daily>> {
        vec![Arc::new(DailyQuality::new(self.db.clone(), self.checker.calendar))]
    }

    /// Mounts its gRPC services.
    pub fn routes(&self, routes: &mut RoutesBuilder) {
        let ingestion = IngestionServiceServer::new(self.clone())
            .max_decoding_message_size(limits::BATCH_BYTES);
        routes
            .add_service(ingestion)
            .add_service(CustomerServiceServer::new(self.clone()))
            .add_service(MatchServiceServer::new(self.clone()))
            .add_service(DataQualityServiceServer::new(self.clone()))
            .add_service(AttributeServiceServer::new(self.clone()))
            .add_service(ReferenceDataServiceServer::new(self.clone()));
    }
}
