//! Calls to a server of Kehu: one transport for every generated client.
//!
//! `ScoringServiceClient::new(client)` calls over connections that are balanced over all addresses
//! of the server, or in the process. Every call carries the trace it belongs to and the bearer
//! token; a unary call has a deadline and, where the contract says that it may be repeated, is
//! repeated while the server cannot answer. A stream is sent once: its protocol says how to resume.

mod addresses;
mod retry;
mod server;
mod services;
mod token;
mod transport;
mod unary;

use crate::{
    deadline, fault,
    method::{self, Method},
    telemetry::rpc::Call,
};
use futures::future::BoxFuture;
use http::{Request, Response, header::AUTHORIZATION};
use kehu_contract::error::ErrorReason;
use retry::Retries;
use server::Server;
use std::{convert::Infallible, io, path::PathBuf, sync::Arc, task::Poll, time::Duration};
use token::Token;
use tokio::time::Instant;
use tonic::{Code, Status, body::Body};
use tower::{Service, util::BoxCloneSyncService};
use tracing::Instrument;
use transport::Transport;

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A URL cannot be read.
    #[error("{0:?} is no URL like http://127.0.0.1:7400")]
    Url(String),
    /// A file cannot be read.
    #[error("cannot read {path}")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A token file holds no token.
    #[error("{0} holds no bearer token")]
    Token(PathBuf),
    /// A token would be sent for everybody to read.
    #[error("a token is sent over https only, or to this machine: {0} is neither")]
    TokenInClear(String),
    /// An `https` URL without anything to check the server's certificate by.
    #[error(
        "name the certificate authority of {0}, a PEM file (--ca-file); of a public one the \
         system's, such as /etc/ssl/certs/ca-certificates.crt"
    )]
    NoAuthority(String),
    /// Certificates or key cannot be used.
    #[error("the certificates or the key for {url} cannot be used")]
    Certificates {
        /// The server.
        url: String,
        /// Why.
        source: tonic::transport::Error,
    },
    /// No address answers.
    #[error("no server answers at {urls}")]
    Unreachable {
        /// The URLs that were tried.
        urls: String,
        /// Why the last address could not be reached.
        source: tonic::codegen::StdError,
    },
}

/// A service in the process that takes calls, such as `tonic::service::Routes`.
type Local = BoxCloneSyncService<Request<Body>, Response<Body>, Infallible>;

enum Target {
    Urls(String),
    Local(Local),
}

/// Whom to call, and how.
pub struct ClientOptions {
    target: Target,
    /// PEM file of the authorities that sign the server's certificate; an `https` URL needs it.
    pub ca_file: Option<PathBuf>,
    /// PEM files of the client's own certificate and its key, for mutual TLS.
    pub identity_files: Option<(PathBuf, PathBuf)>,
    /// File of a bearer token, read again every few seconds.
    pub token_file: Option<PathBuf>,
    /// How long a unary call may take with all its tries, unless its caller or the call being
    /// served says less; 30 s.
    pub deadline: Duration,
    /// How often a repeatable call is sent at most; 4, at least 1.
    pub tries: u32,
}

impl ClientOptions {
    /// Calls the server at `urls`: one URL or several with commas between. Every address of a name
    /// is called in turn, and names are looked up again and again, so that a headless Kubernetes
    /// Service is balanced over its pods. Several URLs may be of several roles: a call goes to one
    /// that serves it.
    pub fn new(urls: impl Into<String>) -> Self {
        Self::to(Target::Urls(urls.into()))
    }

    /// Calls a service in this process without a socket.
    pub fn in_process<S>(service: S) -> Self
    where
        S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>,
        S: Clone + Send + Sync + 'static,
        S::Future: Send + 'static,
    {
        Self::to(Target::Local(BoxCloneSyncService::new(service)))
    }

    fn to(target: Target) -> Self {
        Self {
            target,
            ca_file: None,
            identity_files: None,
            token_file: None,
            deadline: Duration::from_secs(30),
            tries: 4,
        }
    }
}

/// Whether a stream that ended so may be taken up again: the server said so, or nobody that knows
/// Kehu's reasons said anything, as when a connection breaks.
pub fn may_resume(status: &Status) -> bool {
    match fault::reason(status) {
        Some(ErrorReason::ShareExhausted) => true,
        Some(_) => status.code() == Code::Unavailable,
        None => matches!(status.code(), Code::Unavailable | Code::Unknown | Code::Internal),
    }
}

/// The transport of generated clients. Cheap to clone; clones share connections and the budget
/// of retries. Looking up names ends when the last clone is dropped.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    transport: Transport,
    token: Option<Token>,
    deadline: Duration,
    retries: Retries,
}

impl Client {
    /// A client that connects when it is first used. Fails on options that can never work.
    pub async fn new(options: ClientOptions) -> Result<Self, Error> {
        let token = match &options.token_file {
            Some(path) => Some(Token::read(path.clone()).await?),
            None => None,
        };
        let transport = match &options.target {
            Target::Local(service) => Transport::Local(service.clone()),
            Target::Urls(urls) => {
                Transport::network(Server::parse_all(urls, &options).await?).await
            }
        };
        let retries = Retries::new(options.tries);
        let deadline = options.deadline;
        Ok(Self(Arc::new(Inner { transport, token, deadline, retries })))
    }

    /// Connects, for those who want to know at once that no server answers.
    pub async fn connect(&self) -> Result<(), Error> {
        self.0.transport.connect().await
    }
}

impl Inner {
    async fn call(
        &self,
        mut request: Request<Body>,
        method: Option<&'static Method>,
        deadline: Instant,
    ) -> Result<Response<Body>, Status> {
        if let Some(token) = &self.token {
            request.headers_mut().insert(AUTHORIZATION, token.header().await);
        }
        match method.filter(|method| method.unary) {
            Some(method) => unary::call(self, method, request, deadline).await,
            None => self.transport.send(request).await.map_err(Status::from),
        }
    }
}

impl Service<Request<Body>> for Client {
    type Response = Response<Body>;
    type Error = Status;
    type Future = BoxFuture<'static, Result<Response<Body>, Status>>;

    fn poll_ready(&mut self, _: &mut std::task::Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    /// Sends one call, and takes what belongs to the one being served from the task it is in.
    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let path = request.uri().path().to_owned();
        let method = method::find(&path);
        let mut call = Call::make(&path, request.headers_mut());
        let inner = self.0.clone();
        let bounds =
            [Some(inner.deadline), deadline::read(request.headers()), deadline::remaining()];
        let timeout = bounds.into_iter().flatten().min().unwrap_or_default();
        let deadline = Instant::now() + timeout;
        let span = call.span().clone();
        let answer = async move { inner.call(request, method, deadline).await }.instrument(span);
        Box::pin(async move {
            let answered = answer.await.inspect_err(|status| call.end(status.code()));
            answered.map(|response| call.follow(response))
        })
    }
}
