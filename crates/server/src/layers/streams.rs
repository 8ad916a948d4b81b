//! Ends streams: when the process stops, and when nothing was sent for too long.

use super::{
    kind::Kind,
    middleware::{Middleware, Next},
    open::{Ending, IdleBody, OpenBody},
};
use crate::{Fault, config};
use futures::FutureExt;
use http::{Request, Response};
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tonic::body::Body;

/// Tells streams to resume elsewhere, or later.
#[derive(Debug, Clone)]
pub struct Streams {
    longest_silence: Duration,
    drain: CancellationToken,
}

impl Streams {
    /// Under the limits of the settings; streams end when `drain` fires.
    pub fn new(limits: &config::Server, drain: CancellationToken) -> Self {
        Self { longest_silence: limits.stream_idle_timeout, drain }
    }
}

impl Middleware for Streams {
    async fn handle(self, request: Request<Body>, next: Next) -> Response<Body> {
        let kind = Kind::of(request.uri().path());
        let answer = next.run(request).await;
        if !matches!(kind, Some(Kind::Stream | Kind::Probe)) {
            return answer;
        }
        answer.map(|body| {
            let drained = self.drain.cancelled_owned().map(|()| Fault::Draining);
            let body = Body::new(IdleBody::new(body, self.longest_silence));
            Body::new(OpenBody::<()>::new(body, None, Ending::When(drained.boxed())))
        })
    }
}
