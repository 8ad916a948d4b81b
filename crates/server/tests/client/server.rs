//! A server that answers as a test tells it, and keeps what it was sent.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response};
use http_body::Frame;
use http_body_util::StreamBody;
use hyper::{body::Incoming, server::conn::http2, service::service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo};
use kehu_server::client::{Client, ClientOptions};
use std::{
    convert::Infallible,
    io,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};
use tonic::{Status, body::Body};

/// A call as it came in.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) headers: HeaderMap,
    pub(crate) at: Instant,
}

/// What the server does with a call.
pub(crate) enum Reply {
    /// Answers with an empty message.
    Done,
    /// The same, after a while.
    After(Duration),
    /// Fails.
    Fail(Status),
    /// Begins to answer and breaks off.
    BreakOff,
    /// Never answers.
    Hang,
}

type Replies = Arc<dyn Fn(usize) -> Reply + Send + Sync>;

/// Answers every method. Gone with all its connections when dropped.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    _stop: DropGuard,
}

impl Server {
    /// Answers its first call with `reply(1)`, its second with `reply(2)`.
    pub(crate) async fn start(reply: impl Fn(usize) -> Reply + Send + Sync + 'static) -> Self {
        Self::start_at("127.0.0.1:0".parse().unwrap(), reply).await
    }

    pub(crate) async fn start_at(
        address: SocketAddr,
        reply: impl Fn(usize) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::default());
        let stop = CancellationToken::new();
        tokio::spawn(accept(listener, Arc::new(reply), Arc::clone(&seen), stop.clone()));
        Self { address, seen, _stop: stop.drop_guard() }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// A client of this server alone.
    pub(crate) async fn client(&self) -> Client {
        Client::new(ClientOptions::new(self.url())).await.unwrap()
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    pub(crate) fn count(&self) -> usize {
        self.seen.lock().unwrap().len()
    }
}

async fn accept(
    listener: TcpListener,
    reply: Replies,
    seen: Arc<Mutex<Vec<Seen>>>,
    stop: CancellationToken,
) {
    while let Some(accepted) = stop.run_until_cancelled(listener.accept()).await {
        let (stream, _) = accepted.unwrap();
        let (reply, seen, stop) = (Arc::clone(&reply), Arc::clone(&seen), stop.clone());
        tokio::spawn(async move {
            let service = service_fn(|request| handle(request, Arc::clone(&reply), &seen));
            let serving = http2::Builder::new(TokioExecutor::new())
                .serve_connection(TokioIo::new(stream), service);
            // That clients go away is what some tests do.
            let _ = stop.run_until_cancelled(serving).await;
        });
    }
}

fn handle(
    request: Request<Incoming>,
    reply: Replies,
    seen: &Mutex<Vec<Seen>>,
) -> impl Future<Output = Result<Response<Body>, Infallible>> + Send + use<> {
    let mut seen = seen.lock().unwrap();
    // Of several servers each is asked once whether it has the service.
    let probe = request.uri().path().starts_with("/grpc.health.");
    if !probe {
        seen.push(Seen { headers: request.headers().clone(), at: Instant::now() });
    }
    let reply = if probe { Reply::Done } else { reply(seen.len()) };
    async move {
        Ok(match reply {
            Reply::Done => answer(Ok(trailers())),
            Reply::After(time) => {
                tokio::time::sleep(time).await;
                answer(Ok(trailers()))
            }
            Reply::Fail(status) => status.into_http(),
            Reply::BreakOff => answer(Err(io::Error::other("broken off"))),
            Reply::Hang => std::future::pending().await,
        })
    }
}

/// An empty message, and what follows it.
fn answer(end: Result<HeaderMap, io::Error>) -> Response<Body> {
    let message = Ok(Frame::data(Bytes::from_static(&[0; 5])));
    let frames = [message, end.map(Frame::trailers)];
    let body = Body::new(StreamBody::new(tokio_stream::iter(frames)));
    Response::builder().header("content-type", "application/grpc").body(body).unwrap()
}

fn trailers() -> HeaderMap {
    HeaderMap::from_iter([(Status::GRPC_STATUS, HeaderValue::from_static("0"))])
}
