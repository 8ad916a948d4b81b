//! The listener of a role: its services with health and reflection, until it is told to stop.

use kehu_contract::DESCRIPTORS;
use std::{net::SocketAddr, time::Duration};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tokio_util::sync::CancellationToken;
use tonic::{
    service::{Routes, RoutesBuilder},
    transport::Server,
};
use tonic_health::{ServingStatus, server::HealthReporter};

/// How long open calls may take to finish once the process is told to stop.
const GRACE: Duration = Duration::from_secs(10);

/// Why a listener failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address cannot be bound.
    #[error("cannot listen on {address}: choose another with --listen")]
    Bind {
        /// The address that was asked for.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// The server ended with an error.
    #[error("the server failed")]
    Serve(#[from] tonic::transport::Error),
    /// The descriptor set could not be read.
    #[error("the contract's descriptors cannot be read")]
    Descriptors(#[from] tonic_reflection::server::Error),
}

/// A bound address that serves nothing yet.
pub struct Listener {
    socket: TcpListener,
    /// The address, with the port that was given where 0 was asked for.
    pub address: SocketAddr,
}

impl Listener {
    /// Binds `address`; port 0 takes a free one.
    pub async fn bind(address: SocketAddr) -> Result<Self, Error> {
        let bind = |source| Error::Bind { address, source };
        let socket = TcpListener::bind(address).await.map_err(bind)?;
        let address = socket.local_addr().map_err(bind)?;
        Ok(Self { socket, address })
    }

    /// Serves `routes`, health and reflection until `stop`; then lets open calls finish, for at
    /// most ten seconds.
    pub async fn serve(
        self,
        mut routes: RoutesBuilder,
        stop: CancellationToken,
    ) -> Result<(), Error> {
        let health = add_health(&mut routes).await;
        let reflection = tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(DESCRIPTORS)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
            .build_v1()?;
        routes.add_service(reflection);
        let mut serving = std::pin::pin!(serve_until(self.socket, routes.routes(), stop.clone()));
        tokio::select! {
            ended = &mut serving => return ended,
            () = stop.cancelled() => {}
        }
        health.set_service_status("", ServingStatus::NotServing).await;
        match tokio::time::timeout(GRACE, serving).await {
            Ok(ended) => ended,
            // A client holds a stream open; it resumes elsewhere.
            Err(_) => Ok(()),
        }
    }
}

async fn add_health(routes: &mut RoutesBuilder) -> HealthReporter {
    let (reporter, service) = tonic_health::server::health_reporter();
    reporter.set_service_status("", ServingStatus::Serving).await;
    routes.add_service(service);
    reporter
}

async fn serve_until(
    socket: TcpListener,
    routes: Routes,
    stop: CancellationToken,
) -> Result<(), Error> {
    let incoming = TcpListenerStream::new(socket);
    Server::builder()
        .http2_keepalive_interval(Some(Duration::from_secs(30)))
        .initial_stream_window_size(Some(1 << 20))
        .initial_connection_window_size(Some(4 << 20))
        .add_routes(routes)
        .serve_with_incoming_shutdown(incoming, stop.cancelled_owned())
        .await?;
    Ok(())
}
