//! The server under load, and calls to it.

use futures::future::try_join_all;
use kehu_contract::{
    error::ErrorReason,
    google::r#type::Date,
    scoring::{
        GetFeaturesRequest, ListFeaturesRequest, feature_service_client::FeatureServiceClient,
    },
};
use kehu_server::{
    config::{Faulty, Settings, Sources},
    fault,
};
use kehu_tests::program::Server;
use std::{
    error::Error, path::Path, process::Command, sync::Arc, thread::available_parallelism,
    time::Duration,
};
use tonic::{
    Status,
    transport::{Channel, Endpoint},
};
use tonic_types::StatusExt;

/// Calls are spread over so many connections.
const CONNECTIONS: usize = 4;
/// Customers of the sample, which are numbered from 1 on.
const CUSTOMERS: usize = 4_372;
/// The group of features that is asked for: an answer takes some ten milliseconds of a core, a
/// hundred times what it takes to turn a call away and to have it turned away.
const GROUP: &str = "frequency";
/// The day after the last order of the sample.
const AS_OF: Date = Date { year: 2011, month: 12, day: 10 };

/// Starts a server with its own defaults on the database of a folder. The last core is the
/// generator's and the others are the server's: what it costs to call is not the server's to bear.
pub(crate) async fn start(folder: &Path) -> Result<Server, Box<dyn Error>> {
    let last = available_parallelism()?.get() - 1;
    if last == 0 {
        return Err("the server and the generator need a core each, and there is but one".into());
    }
    // The server inherits this.
    keep_to(&format!("0-{}", last - 1))?;
    let folder = folder.display().to_string();
    let server = Server::start(&["--data-dir", &folder, "--log", "warn"]).await;
    keep_to(&last.to_string())?;
    Ok(server)
}

/// Keeps this thread, and the processes that it starts, to some cores.
fn keep_to(cores: &str) -> Result<(), Box<dyn Error>> {
    let process = std::process::id().to_string();
    let set = Command::new("taskset").args(["-cp", cores, &process]).output()?;
    match set.status.success() {
        true => Ok(()),
        false => Err(String::from_utf8_lossy(&set.stderr).into()),
    }
}

/// How many calls a server takes at once by default.
pub(crate) fn max_calls() -> Result<f64, Faulty> {
    Ok(Settings::load(&Sources::default())?.server.max_calls.into())
}

/// Calls over a handful of connections, never repeated.
#[derive(Clone)]
pub(crate) struct Calls {
    clients: Arc<[FeatureServiceClient<Channel>]>,
    features: Arc<[String]>,
}

/// How a call ended.
pub(crate) enum Outcome {
    /// With an answer.
    Answered,
    /// Turned away, to come back after so long.
    Shed(Duration),
    /// Otherwise, which nobody should see.
    Failed(Status),
}

impl Calls {
    /// Connects, and looks up what to ask for.
    pub(crate) async fn connect(server: &Server) -> Result<Self, Box<dyn Error>> {
        let endpoint = Endpoint::from_shared(server.url.clone())?.tcp_nodelay(true);
        let channels = try_join_all((0..CONNECTIONS).map(|_| endpoint.connect())).await?;
        let clients: Arc<[_]> = channels.into_iter().map(FeatureServiceClient::new).collect();
        let listed = clients[0].clone().list_features(ListFeaturesRequest {}).await?;
        let listed = listed.into_inner().features.into_iter();
        let features = listed.filter(|feature| feature.group == GROUP).map(|feature| feature.id);
        Ok(Self { clients, features: features.collect() })
    }

    /// Makes one call; its number says whom it asks about.
    pub(crate) async fn make(&self, number: usize) -> Outcome {
        let request = GetFeaturesRequest {
            customer: format!("customers/{}", 1 + number % CUSTOMERS),
            as_of_date: Some(AS_OF),
            features: self.features.to_vec(),
        };
        let mut client = self.clients[number % CONNECTIONS].clone();
        match client.get_features(request).await {
            Ok(_) => Outcome::Answered,
            Err(status) => match fault::reason(&status) {
                Some(ErrorReason::Overloaded | ErrorReason::ShareExhausted) => {
                    Outcome::Shed(retry_delay(&status))
                }
                _ => Outcome::Failed(status),
            },
        }
    }
}

fn retry_delay(status: &Status) -> Duration {
    status.get_details_retry_info().and_then(|info| info.retry_delay).unwrap_or_default()
}
