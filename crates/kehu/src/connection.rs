//! The connection to a server, with a client for each service.

use crate::exit::Failure;
use kehu_contract::{
    coding::{
        classification_service_client::ClassificationServiceClient,
        code_service_client::CodeServiceClient, strategy_service_client::StrategyServiceClient,
        taxonomy_service_client::TaxonomyServiceClient,
    },
    ingestion::{
        attribute_service_client::AttributeServiceClient,
        customer_service_client::CustomerServiceClient,
        data_quality_service_client::DataQualityServiceClient,
        ingestion_service_client::IngestionServiceClient, match_service_client::MatchServiceClient,
        reference_data_service_client::ReferenceDataServiceClient,
    },
    reporting::reporting_service_client::ReportingServiceClient,
    run::{
        business_date_service_client::BusinessDateServiceClient,
        run_service_client::RunServiceClient,
    },
    scoring::{
        feature_service_client::FeatureServiceClient, model_service_client::ModelServiceClient,
        scorecard_service_client::ScorecardServiceClient,
        scoring_service_client::ScoringServiceClient,
    },
};
use kehu_server::client::{Client, ClientOptions, Error};
use std::time::Duration;
use tonic_health::pb::health_client::HealthClient;

/// How long a call may take if the server allows it; a person at a terminal can end it sooner.
const DEADLINE: Duration = Duration::from_secs(600);

/// A server. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Connection {
    client: Client,
}

impl Connection {
    /// Connects at once, so that a server that is not there is noticed before any work.
    pub(crate) async fn open(mut options: ClientOptions) -> Result<Self, Failure> {
        options.deadline = DEADLINE;
        let client = Client::new(options).await?;
        client.connect().await?;
        Ok(Self { client })
    }

    /// Records in.
    pub(crate) fn ingestion(&self) -> IngestionServiceClient<Client> {
        IngestionServiceClient::new(self.client.clone())
    }

    /// Customers.
    pub(crate) fn customers(&self) -> CustomerServiceClient<Client> {
        CustomerServiceClient::new(self.client.clone())
    }

    /// Customers that are probably one.
    pub(crate) fn matches(&self) -> MatchServiceClient<Client> {
        MatchServiceClient::new(self.client.clone())
    }

    /// How good the data is.
    pub(crate) fn quality(&self) -> DataQualityServiceClient<Client> {
        DataQualityServiceClient::new(self.client.clone())
    }

    /// Scorecards.
    pub(crate) fn scorecards(&self) -> ScorecardServiceClient<Client> {
        ScorecardServiceClient::new(self.client.clone())
    }

    /// Scores.
    pub(crate) fn scoring(&self) -> ScoringServiceClient<Client> {
        ScoringServiceClient::new(self.client.clone())
    }

    /// Models.
    pub(crate) fn models(&self) -> ModelServiceClient<Client> {
        ModelServiceClient::new(self.client.clone())
    }

    /// Features.
    pub(crate) fn features(&self) -> FeatureServiceClient<Client> {
        FeatureServiceClient::new(self.client.clone())
    }

    /// Attributes.
    pub(crate) fn attributes(&self) -> AttributeServiceClient<Client> {
        AttributeServiceClient::new(self.client.clone())
    }

    /// Reference data.
    pub(crate) fn reference_data(&self) -> ReferenceDataServiceClient<Client> {
        ReferenceDataServiceClient::new(self.client.clone())
    }

    /// Taxonomies.
    pub(crate) fn taxonomies(&self) -> TaxonomyServiceClient<Client> {
        TaxonomyServiceClient::new(self.client.clone())
    }

    /// Classes.
    pub(crate) fn classification(&self) -> ClassificationServiceClient<Client> {
        ClassificationServiceClient::new(self.client.clone())
    }

    /// Codes.
    pub(crate) fn codes(&self) -> CodeServiceClient<Client> {
        CodeServiceClient::new(self.client.clone())
    }

    /// What there is to do because of classes.
    pub(crate) fn strategies(&self) -> StrategyServiceClient<Client> {
        StrategyServiceClient::new(self.client.clone())
    }

    /// Reports.
    pub(crate) fn reporting(&self) -> ReportingServiceClient<Client> {
        ReportingServiceClient::new(self.client.clone())
    }

    /// Health.
    pub(crate) fn health(&self) -> HealthClient<Client> {
        HealthClient::new(self.client.clone())
    }

    /// The business date.
    pub(crate) fn business_dates(&self) -> BusinessDateServiceClient<Client> {
        BusinessDateServiceClient::new(self.client.clone())
    }

    /// Runs.
    pub(crate) fn runs(&self) -> RunServiceClient<Client> {
        RunServiceClient::new(self.client.clone())
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Unreachable { urls, source } => Self::Unavailable(format!(
                "no server answers at {urls}: start one with kehu serve, or name another with \
                 --server{}",
                cause(&urls, source.as_ref())
            )),
            Error::File { path, source } => {
                Self::Input { path: path.display().to_string(), source }
            }
            error => Self::Usage(error.to_string()),
        }
    }
}

/// What lies at the bottom of a failure to connect, in brackets: for TLS it says what to mend.
fn cause(urls: &str, mut error: &(dyn std::error::Error + 'static)) -> String {
    if !urls.contains("https:") {
        return String::new();
    }
    while let Some(source) = error.source() {
        error = source;
    }
    format!(" ({error})")
}
