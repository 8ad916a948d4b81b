//! The listener of a process: its services behind the layers, with health and reflection, until
//! it is told to stop.

use crate::{
    auth::{Auth, Authenticator},
    config,
    health::Health,
    layers::{
        deadline::Deadline, load::Load, middleware::Layered, panic::Panic, served::Served,
        share::Share, starting::Starting, streams::Streams, trace::Trace,
    },
    tls::{self, Room, Tls},
};
use kehu_contract::DESCRIPTORS;
use std::{io, net::SocketAddr};
use tokio::{net::TcpListener, sync::watch};
use tokio_util::sync::CancellationToken;
use tonic::{service::RoutesBuilder, transport::Server};

/// Why a listener failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address cannot be bound.
    #[error("cannot listen on {address} ({setting}): {source}; choose another address")]
    Bind {
        /// The setting that says so: `server.listen`.
        setting: &'static str,
        /// The address that was asked for.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// The socket cannot be used.
    #[error("the listener failed")]
    Socket(#[from] io::Error),
    /// The server ended with an error.
    #[error("the server failed")]
    Serve(#[from] tonic::transport::Error),
    /// The descriptor set could not be read.
    #[error("the contract's descriptors cannot be read")]
    Descriptors(#[from] tonic_reflection::server::Error),
}

/// A bound address that serves nothing yet.
pub struct Listener {
    socket: std::net::TcpListener,
    /// The address, with the port that was given where 0 was asked for.
    pub address: SocketAddr,
}

impl Listener {
    /// Binds the address of a setting; port 0 takes a free one.
    pub async fn bind(setting: &'static str, address: SocketAddr) -> Result<Self, Error> {
        let bind = |source| Error::Bind { setting, address, source };
        let socket = TcpListener::bind(address).await.map_err(bind)?;
        let address = socket.local_addr().map_err(bind)?;
        Ok(Self { socket: socket.into_std().map_err(bind)?, address })
    }

    /// What accepts its connections.
    pub fn into_socket(self) -> io::Result<TcpListener> {
        TcpListener::from_std(self.socket)
    }

    /// Answers while the process cannot serve yet, until `stop`: for health, and to every other
    /// call with what `why` says at the time.
    pub fn explain(
        &self,
        limits: &config::Server,
        tls: Option<Tls>,
        health: &Health,
        why: watch::Receiver<String>,
        stop: CancellationToken,
    ) -> io::Result<impl Future<Output = Result<(), Error>> + use<>> {
        let socket = TcpListener::from_std(self.socket.try_clone()?)?;
        let mut routes = RoutesBuilder::default();
        routes.add_service(health.service());
        let server = connections(limits)
            .layer(Layered(Trace))
            .layer(Layered(Panic))
            .layer(Layered(Starting(why)))
            .add_routes(routes.routes());
        let incoming = tls::incoming(socket, tls, Room::new(limits));
        Ok(async move {
            server.serve_with_incoming_shutdown(incoming, stop.cancelled_owned()).await?;
            Ok(())
        })
    }
}

/// What stands round the services of a process.
pub struct Api {
    /// Limits of calls and connections.
    pub limits: config::Server,
    /// TLS; `None` serves in the clear.
    pub tls: Option<Tls>,
    /// Who may call; `None` lets everybody.
    pub authenticator: Option<Authenticator>,
    /// Its health.
    pub health: Health,
    /// The services that the routes have, by full name.
    pub services: Vec<String>,
}

impl Api {
    /// Serves `routes` behind the layers until `stop`. Then streams are told to resume elsewhere,
    /// no connection is accepted any more, and open calls finish: it returns after the last. Drop
    /// it to end them.
    pub async fn serve(
        self,
        listener: Listener,
        mut routes: RoutesBuilder,
        stop: CancellationToken,
    ) -> Result<(), Error> {
        let socket = listener.into_socket()?;
        routes.add_service(self.health.service());
        if self.limits.reflection {
            add_reflection(&mut routes, &self.services)?;
        }
        let limits = &self.limits;
        connections(limits)
            .layer(Layered(Load::new(limits)))
            .layer(Layered(Trace))
            .layer(Layered(Panic))
            .layer(Layered(Streams::new(limits, stop.clone())))
            .layer(Layered(Deadline::new(limits.max_deadline)))
            .layer(Layered(Auth(self.authenticator)))
            .layer(Layered(Share::new(limits)))
            .layer(Layered(Served::new(self.services)))
            .add_routes(routes.routes())
            .serve_with_incoming_shutdown(
                tls::incoming(socket, self.tls, Room::new(limits)),
                stop.cancelled_owned(),
            )
            .await?;
        Ok(())
    }
}

/// Tells the services of this process and health.
fn add_reflection(routes: &mut RoutesBuilder, services: &[String]) -> Result<(), Error> {
    let mut reflection = tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(DESCRIPTORS)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        .with_service_name("grpc.health.v1.Health");
    for service in services {
        reflection = reflection.with_service_name(service);
    }
    routes.add_service(reflection.build_v1()?);
    Ok(())
}

fn connections(limits: &config::Server) -> Server {
    Server::builder()
        .http2_keepalive_interval(Some(limits.keepalive_interval))
        .http2_keepalive_timeout(Some(limits.keepalive_timeout))
        .max_concurrent_streams(limits.max_streams_per_connection)
        .max_connection_age(limits.max_connection_age)
        .initial_stream_window_size(1 << 20)
        .initial_connection_window_size(4 << 20)
}
