//! A span and a measurement for every call, to the end of its stream.

use super::middleware::{Middleware, Next};
use crate::telemetry::rpc::Call;
use http::{Request, Response};
use tonic::body::Body;
use tracing::Instrument;

/// Puts every call into a span that continues the caller's trace. Outside of all but
/// the load, so that what the others refuse is measured too.
#[derive(Debug, Clone, Copy, Default)]
pub struct Trace;

impl Middleware for Trace {
    async fn handle(self, request: Request<Body>, next: Next) -> Response<Body> {
        let call = Call::serve(request.uri().path(), request.headers());
        let response = next.run(request).instrument(call.span().clone()).await;
        call.follow(response)
    }
}
