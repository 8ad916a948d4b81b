//! A span and a measurement for every call, to the end of its stream.

use super::Answer;
use crate::telemetry::rpc::Call;
use http::{Request, Response};
use std::task::{Context, Poll};
use tonic::{Code, body::Body};
use tower::{Layer, Service};
use tracing::Instrument;

/// Puts every call into a span that continues the caller's trace. The outermost layer, so that
/// what the others refuse is measured too.
#[derive(Debug, Clone, Copy, Default)]
pub struct TraceLayer;

impl<S> Layer<S> for TraceLayer {
    type Service = Trace<S>;

    fn layer(&self, inner: S) -> Trace<S> {
        Trace { inner }
    }
}

/// The service of a [`TraceLayer`].
#[derive(Debug, Clone)]
pub struct Trace<S> {
    inner: S,
}

impl<S> Service<Request<Body>> for Trace<S>
where
    S: Service<Request<Body>, Response = Response<Body>>,
    S::Future: Send + 'static,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = Answer<S::Error>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let mut call = Call::serve(request.uri().path(), request.headers());
        let answer = call.span().in_scope(|| self.inner.call(request));
        let answer = answer.instrument(call.span().clone());
        Box::pin(async move {
            let response = answer.await.inspect_err(|_| call.end(Code::Unknown))?;
            Ok(call.follow(response))
        })
    }
}
