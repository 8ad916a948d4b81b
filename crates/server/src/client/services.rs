//! Which services a server has, as its health tells. The roles of Kehu may run in processes of their
//! own; given the addresses of all, a call goes to one that serves it.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};
use tokio::time::timeout;
use tonic::{Code, transport::Channel};
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};

/// How long a server may take to say whether it has a service.
const PATIENCE: Duration = Duration::from_secs(5);

/// Whether a server can be called for a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Serves {
    /// It can, or does not say that it cannot.
    Yes,
    /// It will, but is not ready: it starts, or drains, or its database takes no writes.
    NotNow,
    /// It is of another role.
    Never,
}

/// What the server at the other end of a connection has said of its services, as far as that does not
/// change.
#[derive(Default)]
pub(super) struct Services(Mutex<BTreeMap<String, Serves>>);

impl Services {
    /// Whether the server can be called for a service, `kehu.scoring.v1.ScoringService`.
    pub(super) async fn serves(&self, service: &str, channel: &Channel) -> Serves {
        let said = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(service).copied();
        if let Some(said) = said {
            return said;
        }
        let Some(said) = ask(service, channel).await else { return Serves::Yes };
        if said != Serves::NotNow {
            let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            known.insert(service.to_owned(), said);
        }
        said
    }
}

async fn ask(service: &str, channel: &Channel) -> Option<Serves> {
    let request = HealthCheckRequest { service: service.to_owned() };
    let mut health = HealthClient::new(channel.clone());
    match timeout(PATIENCE, health.check(request)).await {
        Ok(Ok(answer)) if answer.get_ref().status() == ServingStatus::NotServing => {
            Some(Serves::NotNow)
        }
        Ok(Ok(_)) => Some(Serves::Yes),
        Ok(Err(status)) if status.code() == Code::NotFound => Some(Serves::Never),
        Ok(Err(_)) | Err(_) => None,
    }
}
