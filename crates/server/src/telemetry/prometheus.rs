//! `GET /metrics` for Prometheus, on a listener of its own.

use http::{Method, Request, Response, StatusCode, header::CONTENT_TYPE};
use http_body_util::Full;
use hyper::{body::Bytes, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use prometheus::{Encoder, Registry, TextEncoder};
use std::{convert::Infallible, time::Duration};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

/// How long a scraper may take to send its request.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
/// How long to wait when a connection cannot be taken.
const RETRY: Duration = Duration::from_millis(100);

/// Serves the metrics of `registry` until `stop`, which also ends open connections.
pub async fn serve(listener: TcpListener, registry: Registry, stop: CancellationToken) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => return,
        };
        match accepted {
            Ok((connection, _)) => {
                tokio::spawn(
                    stop.clone().run_until_cancelled_owned(answer(connection, registry.clone())),
                );
            }
            Err(error) => {
                tracing::warn!(%error, "cannot take a connection that asks for metrics");
                tokio::time::sleep(RETRY).await;
            }
        }
    }
}

async fn answer(connection: TcpStream, registry: Registry) {
    let service = service_fn(move |request: Request<Incoming>| {
        let response = respond(&request, &registry);
        async { Ok::<_, Infallible>(response) }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(REQUEST_TIMEOUT)
        .serve_connection(TokioIo::new(connection), service)
        .await;
    if let Err(error) = served {
        tracing::debug!(%error, "a connection that asked for metrics broke");
    }
}

fn respond(request: &Request<Incoming>, registry: &Registry) -> Response<Full<Bytes>> {
    if (request.method(), request.uri().path()) != (&Method::GET, "/metrics") {
        return empty(StatusCode::NOT_FOUND);
    }
    let encoder = TextEncoder::new();
    let mut text = Vec::new();
    if let Err(error) = encoder.encode(&registry.gather(), &mut text) {
        tracing::error!(%error, "the metrics cannot be written");
        return empty(StatusCode::INTERNAL_SERVER_ERROR);
    }
    let response = Response::builder().header(CONTENT_TYPE, encoder.format_type());
    response.body(Full::from(text)).expect("a content type is a header")
}

fn empty(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    response
}
