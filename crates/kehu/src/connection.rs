//! The connection to a server, with a client for each service.

use crate::exit::Failure;
use kehu_contract::{
    coding::{
        classification_service_client::ClassificationServiceClient,
        code_service_client::CodeServiceClient, taxonomy_service_client::TaxonomyServiceClient,
    },
    ingestion::{
        customer_service_client::CustomerServiceClient,
        ingestion_service_client::IngestionServiceClient,
    },
    reporting::reporting_service_client::ReportingServiceClient,
    run::run_service_client::RunServiceClient,
    scoring::{
        scorecard_service_client::ScorecardServiceClient,
        scoring_service_client::ScoringServiceClient,
    },
};
use std::time::Duration;
use tonic::transport::{Channel, Endpoint};

/// A server. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Connection {
    channel: Channel,
}

impl Connection {
    /// Connects to `url`, such as `http://127.0.0.1:7400`.
    pub(crate) async fn open(url: &str) -> Result<Self, Failure> {
        let endpoint = Endpoint::from_shared(url.to_owned())
            .map_err(|_| Failure::Usage(format!("{url} is no URL like http://127.0.0.1:7400")))?
            .connect_timeout(Duration::from_secs(5))
            .initial_stream_window_size(1 << 20)
            .initial_connection_window_size(4 << 20);
        let channel = endpoint.connect().await.map_err(|_| {
            Failure::Unavailable(format!("no server answers at {url}: start one with kehu serve, or name another with --server"))
        })?;
        Ok(Self { channel })
    }

    /// Records in.
    pub(crate) fn ingestion(&self) -> IngestionServiceClient<Channel> {
        IngestionServiceClient::new(self.channel.clone())
    }

    /// Customers.
    pub(crate) fn customers(&self) -> CustomerServiceClient<Channel> {
        CustomerServiceClient::new(self.channel.clone())
    }

    /// Scorecards.
    pub(crate) fn scorecards(&self) -> ScorecardServiceClient<Channel> {
        ScorecardServiceClient::new(self.channel.clone())
    }

    /// Scores.
    pub(crate) fn scoring(&self) -> ScoringServiceClient<Channel> {
        ScoringServiceClient::new(self.channel.clone())
    }

    /// Taxonomies.
    pub(crate) fn taxonomies(&self) -> TaxonomyServiceClient<Channel> {
        TaxonomyServiceClient::new(self.channel.clone())
    }

    /// Classes.
    pub(crate) fn classification(&self) -> ClassificationServiceClient<Channel> {
        ClassificationServiceClient::new(self.channel.clone())
    }

    /// Codes.
    pub(crate) fn codes(&self) -> CodeServiceClient<Channel> {
        CodeServiceClient::new(self.channel.clone())
    }

    /// Reports.
    pub(crate) fn reporting(&self) -> ReportingServiceClient<Channel> {
        ReportingServiceClient::new(self.channel.clone())
    }

    /// Runs.
    pub(crate) fn runs(&self) -> RunServiceClient<Channel> {
        RunServiceClient::new(self.channel.clone())
    }
}
