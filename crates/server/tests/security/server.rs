//! A server whose every method answers, and calls of it.

use futures::future::{Ready, ok};
use http::{HeaderValue, Request, Response, uri::PathAndQuery};
use kehu_server::{
    auth::{Auth, Authenticator, Principal},
    config::{Settings, Sources},
    layers::middleware::Layered,
    tls::{self, Peer, Room, Tls},
};
use std::{
    convert::Infallible,
    net::SocketAddr,
    task::{Context, Poll},
    time::Duration,
};
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};
use tonic::{
    Status,
    body::Body,
    client::Grpc,
    metadata::MetadataMap,
    transport::{Channel, ClientTlsConfig, Endpoint, Error},
};
use tonic_prost::ProstCodec;

/// How often the servers here look at their files.
pub(crate) const OFTEN: Duration = Duration::from_millis(50);

/// A method that needs `read` and nothing else.
pub(crate) const READ: &str = "kehu.run.v1.RunService/GetRun";
/// A method that is open.
pub(crate) const OPEN: &str = "grpc.health.v1.Health/Check";

/// A server on a free port until it is dropped.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    _stop: DropGuard,
}

impl Server {
    pub(crate) async fn start(tls: Option<Tls>, authenticator: Option<Authenticator>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let settings = Settings::load(&Sources::default()).unwrap();
        let serving = tonic::transport::Server::builder()
            .layer(Layered(Auth(authenticator)))
            .serve_with_incoming_shutdown(
                Echo,
                tls::incoming(listener, tls, Room::new(&settings.server)),
                stop.clone().cancelled_owned(),
            );
        tokio::spawn(serving);
        Self { address, _stop: stop.drop_guard() }
    }

    /// A connection, without TLS or with it.
    pub(crate) async fn connect(&self, tls: Option<ClientTlsConfig>) -> Result<Channel, Error> {
        let scheme = if tls.is_some() { "https" } else { "http" };
        let mut endpoint = Endpoint::from_shared(format!("{scheme}://{}", self.address))?;
        if let Some(tls) = tls {
            endpoint = endpoint.tls_config(tls)?;
        }
        endpoint.connect().await
    }
}

/// Calls a method with a token; what the service saw, or the status.
pub(crate) async fn call(
    channel: &Channel,
    method: &str,
    token: Option<&str>,
) -> Result<Seen, Status> {
    let mut metadata = MetadataMap::new();
    if let Some(token) = token {
        metadata.insert("authorization", format!("Bearer {token}").parse().unwrap());
    }
    call_with(channel, method, metadata).await
}

/// Calls a method with this metadata.
pub(crate) async fn call_with(
    channel: &Channel,
    method: &str,
    metadata: MetadataMap,
) -> Result<Seen, Status> {
    let mut client = Grpc::new(channel.clone());
    client.ready().await.map_err(|error| Status::unavailable(error.to_string()))?;
    let path = PathAndQuery::try_from(format!("/{method}")).unwrap();
    let request = tonic::Request::from_parts(metadata, http::Extensions::new(), ());
    let answer = client.server_streaming(request, path, ProstCodec::<(), ()>::default()).await?;
    let word = |key: &str| answer.metadata().get(key).map(|it| it.to_str().unwrap().to_owned());
    Ok(Seen { subject: word("subject"), address: word("address") })
}

/// What the service saw of its caller.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) subject: Option<String>,
    pub(crate) address: Option<String>,
}

/// Answers every method with OK, and with what it sees of the caller.
#[derive(Clone)]
struct Echo;

impl tower::Service<Request<Body>> for Echo {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Ready<Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let mut response = Response::new(Body::empty());
        let headers = response.headers_mut();
        headers.insert("content-type", HeaderValue::from_static("application/grpc"));
        headers.insert("grpc-status", HeaderValue::from_static("0"));
        if let Some(principal) = request.extensions().get::<Principal>() {
            headers.insert("subject", principal.subject.parse().unwrap());
        }
        if let Some(address) = request.extensions().get::<Peer>().and_then(|peer| peer.address) {
            headers.insert("address", address.ip().to_string().parse().unwrap());
        }
        ok(response)
    }
}
