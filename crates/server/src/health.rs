//! Whether the process lives and whether it is ready, by `grpc.health.v1`.

use crate::telemetry::metrics;
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

/// The health of a process. The empty name and every service it serves are SERVING while it is
/// ready; [`LIVENESS`] always is.
#[derive(Debug, Clone)]
pub struct Health {
    reporter: HealthReporter,
    services: Arc<[String]>,
    ready: watch::Sender<bool>,
}

impl Health {
    /// Alive and not ready; `services` are those of the process, by full name.
    pub async fn new(services: impl IntoIterator<Item = String>) -> Self {
        let services = services.into_iter().chain([String::new()]).collect();
        let (ready, _) = watch::channel(false);
        let health = Self { reporter: HealthReporter::new(), services, ready };
        health.reporter.set_service_status(LIVENESS, ServingStatus::Serving).await;
        health.tell(ServingStatus::NotServing).await;
        health
    }

    /// Tells everybody who asks or watches whether calls should be sent here.
    pub async fn set_ready(&self, ready: bool) {
        if self.ready.send_replace(ready) != ready {
            tracing::info!(ready, "readiness changed");
        }
        // Always: who told last may have been interrupted.
        let status = if ready { ServingStatus::Serving } else { ServingStatus::NotServing };
        self.tell(status).await;
    }

    async fn tell(&self, status: ServingStatus) {
        metrics::server().ready.record(f64::from(u8::from(status == ServingStatus::Serving)), &[]);
        for service in &*self.services {
            self.reporter.set_service_status(service, status).await;
        }
    }

    /// Whether calls should be sent here.
    pub fn is_ready(&self) -> bool {
        *self.ready.borrow()
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
