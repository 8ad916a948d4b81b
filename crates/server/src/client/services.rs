//! Which services a server has, as its health tells. The roles of Kehu may run in processes of their
//! own; given the addresses of all, a call goes to one that serves it.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};
use tokio::time::timeout;
use tonic::{Code, transport::Channel};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};

/// How long a server may take to say whether it has a service.
const PATIENCE: Duration = Duration::from_secs(5);

/// What the server at the other end of a connection has said.
#[derive(Default)]
pub(super) struct Services(Mutex<BTreeMap<String, bool>>);

impl Services {
    /// Whether the server has a service, `kehu.scoring.v1.ScoringService`. One that does not say is
    /// taken to have it, and is asked again.
    pub(super) async fn has(&self, service: &str, channel: &Channel) -> bool {
        let said = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(service).copied();
        if let Some(said) = said {
            return said;
        }
        let Some(said) = ask(service, channel).await else { return true };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(service.to_owned(), said);
        said
    }
}

async fn ask(service: &str, channel: &Channel) -> Option<bool> {
    let request = HealthCheckRequest { service: service.to_owned() };
    let mut health = HealthClient::new(channel.clone());
    match timeout(PATIENCE, health.check(request)).await {
        Ok(Ok(_)) => Some(true),
        Ok(Err(status)) if status.code() == Code::NotFound => Some(false),
        Ok(Err(_)) | Err(_) => None,
    }
}
