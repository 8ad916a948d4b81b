//! Whether the process lives and whether it is ready, by `grpc.health.v1`.

use crate::{method, telemetry::metrics};
use std::{sync::Arc, time::Duration};
use tokio::{net::TcpListener, sync::watch};
use tokio_util::sync::CancellationToken;
use tonic::transport::{Server, server::TcpIncoming};
use tonic_health::{
    ServingStatus,
    pb::health_server::HealthServer,
    server::{HealthReporter, HealthService},
};

/// The name under which a probe asks whether the process answers at all. It does not depend on the
/// database: restarting the process would not bring that back.
pub const LIVENESS: &str = "liveness";

/// The package of the services that every process has, whatever it is for.
const EVERYWHERE: &str = "kehu.run.v1.";

/// The health of a process. The empty name and every service it serves are SERVING while it is
/// ready; [`LIVENESS`] always is. While the database refuses writes the services that write are
/// NOT_SERVING, and the empty name where the process is for one of them.
#[derive(Debug, Clone)]
pub struct Health {
    reporter: HealthReporter,
    services: Arc<[Service]>,
    state: watch::Sender<State>,
}

/// A name that can be asked for.
#[derive(Debug)]
struct Service {
    name: String,
    writes: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct State {
    ready: bool,
    writable: bool,
}

impl Health {
    /// Alive and not ready; `services` are those of the process, by full name.
    pub async fn new(services: impl IntoIterator<Item = String>) -> Self {
        let service = |name: String| Service { writes: method::writes(&name), name };
        let mut services: Vec<Service> = services.into_iter().map(service).collect();
        let writes = services.iter().any(|it| it.writes && !it.name.starts_with(EVERYWHERE));
        services.push(Service { name: String::new(), writes });
        let (state, _) = watch::channel(State { ready: false, writable: true });
        let health = Self { reporter: HealthReporter::new(), services: services.into(), state };
        health.reporter.set_service_status(LIVENESS, ServingStatus::Serving).await;
        health.tell().await;
        health
    }

    /// Tells everybody who asks or watches whether calls should be sent here.
    pub async fn set_ready(&self, ready: bool) {
        if self.is_ready() != ready {
            tracing::info!(ready, "readiness changed");
        }
        self.state.send_modify(|state| state.ready = ready);
        self.tell().await;
    }

    /// Tells them whether calls that write should be.
    pub async fn set_writable(&self, writable: bool) {
        self.state.send_modify(|state| state.writable = writable);
        self.tell().await;
    }

    /// Always all: who told last may have been interrupted.
    async fn tell(&self) {
        let State { ready, writable } = *self.state.borrow();
        for service in &*self.services {
            let serves = ready && (writable || !service.writes);
            let status = if serves { ServingStatus::Serving } else { ServingStatus::NotServing };
            if service.name.is_empty() {
                metrics::server().ready.record(f64::from(u8::from(serves)), &[]);
            }
            self.reporter.set_service_status(&service.name, status).await;
        }
    }

    /// Whether calls should be sent here, those that write perhaps apart.
    pub fn is_ready(&self) -> bool {
        self.state.borrow().ready
    }

    /// The gRPC service.
    pub fn service(&self) -> HealthServer<HealthService> {
        HealthServer::new(HealthService::from_health_reporter(self.reporter.clone()))
    }

    /// Answers on a listener of its own, without TLS, until `stop`: probes of Kubernetes do not
    /// speak it.
    pub async fn serve(
        self,
        socket: TcpListener,
        stop: CancellationToken,
    ) -> Result<(), tonic::transport::Error> {
        Server::builder()
            .http2_keepalive_interval(Some(Duration::from_secs(30)))
            .add_service(self.service())
            .serve_with_incoming_shutdown(TcpIncoming::from(socket), stop.cancelled_owned())
            .await
    }
}
