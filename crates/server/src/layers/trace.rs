//! A span and a measurement for every call, to the end of its stream.

use crate::telemetry::rpc::Call;
use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body::{Body as _, Frame, SizeHint};
use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};
use tonic::{Code, Status, body::Body};
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

type Answer<E> = Pin<Box<dyn Future<Output = Result<Response<Body>, E>> + Send>>;

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
            Ok(follow_to_the_end(response, call))
        })
    }
}

/// A status among the headers ends the call; otherwise it comes after the body.
fn follow_to_the_end(response: Response<Body>, mut call: Call) -> Response<Body> {
    if let Some(code) = code(response.headers()) {
        call.end(code);
        return response;
    }
    if response.body().is_end_stream() {
        call.end(Code::Unknown);
        return response;
    }
    response.map(|inner| Body::new(TracedBody { inner, call }))
}

fn code(headers: &HeaderMap) -> Option<Code> {
    headers.get(Status::GRPC_STATUS).map(|code| Code::from_bytes(code.as_bytes()))
}

/// A body that works in the span of its call and sees the status behind it.
struct TracedBody {
    inner: Body,
    call: Call,
}

impl http_body::Body for TracedBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let Self { inner, call } = &mut *self;
        let polled = call.span().in_scope(|| Pin::new(inner).poll_frame(context));
        let frame = ready!(polled);
        match &frame {
            Some(Ok(frame)) => {
                if let Some(code) = frame.trailers_ref().and_then(code) {
                    call.end(code);
                }
            }
            Some(Err(status)) => call.end(status.code()),
            None => call.end(Code::Unknown),
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
