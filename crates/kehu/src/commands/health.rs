//! `kehu health`: for probes and people.

use crate::{
    cli::Client,
    connection::Connection,
    exit::Failure,
    output::{self, Format},
};
use clap::Args;
use kehu_contract::run::GetBusinessDateRequest;
use tonic::Code;
use tonic_health::pb::{HealthCheckRequest, health_check_response::ServingStatus};

/// Ask a process whether it is ready; exit code 0 if it is, 69 if it is not or does not answer.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  kehu health\n  kehu health --server http://127.0.0.1:7401 --service liveness"
)]
pub(crate) struct Health {
    #[command(flatten)]
    client: Client,

    /// Ask about one service, by its full name, or about `liveness`
    #[arg(long, value_name = "NAME", default_value = "")]
    service: String,
}

impl Health {
    /// Asks.
    pub(crate) async fn run(self) -> Result<(), Failure> {
        let connection = Connection::open(self.client.options()).await?;
        let request = HealthCheckRequest { service: self.service };
        let answer = connection.health().check(request).await?.into_inner();
        let status = answer.status().as_str_name();
        if answer.status() != ServingStatus::Serving {
            let why = why(&connection).await.map(|why| format!(": {why}")).unwrap_or_default();
            return Err(Failure::Unavailable(format!("the server is {status}{why}")));
        }
        match self.client.output {
            Format::Table => output::line(status),
            Format::Json => output::line(&serde_json::json!({ "status": status }).to_string()),
        }
    }
}

/// Why the server is not ready, where it says so: one that has not got that far answers every call
/// with it.
async fn why(connection: &Connection) -> Option<String> {
    let request = GetBusinessDateRequest::default();
    let answer = connection.business_dates().get_business_date(request).await.err()?;
    (answer.code() == Code::Unavailable).then(|| answer.message().to_owned())
}
