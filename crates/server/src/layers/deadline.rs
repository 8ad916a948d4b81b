//! Ends a call when its time has passed.

use super::{
    Answer,
    open::{Ending, OpenBody},
};
use crate::{Fault, deadline, method};
use futures::FutureExt;
use http::{Request, Response};
use std::{
    task::{Context, Poll},
    time::Duration,
};
use tokio::time::{Instant, sleep_until, timeout_at};
use tonic::{Status, body::Body};
use tower::{Layer, Service};

/// tonic ends a call at the time of `grpc-timeout` with CANCELLED, which is not the truth: this
/// layer is so much earlier.
const AHEAD_OF_TONIC: Duration = Duration::from_millis(2);

/// Gives every unary call a deadline, the caller's or `longest`, whichever is sooner; a stream only
/// that of its caller. What the call was doing is dropped.
#[derive(Debug, Clone, Copy)]
pub struct DeadlineLayer {
    longest: Duration,
}

impl DeadlineLayer {
    /// No unary call takes longer than `longest`.
    pub fn new(longest: Duration) -> Self {
        Self { longest }
    }

    /// How long a call may take; `None` for as long as it wants.
    fn time_for(self, request: &Request<Body>) -> Option<Duration> {
        let asked = deadline::read(request.headers());
        let asked = asked.map(|time| time.saturating_sub(AHEAD_OF_TONIC));
        let path = request.uri().path();
        let is_stream = method::find(path).is_some_and(|method| !method.unary);
        if is_stream { asked } else { Some(asked.unwrap_or(self.longest).min(self.longest)) }
    }
}

impl<S> Layer<S> for DeadlineLayer {
    type Service = Deadline<S>;

    fn layer(&self, inner: S) -> Deadline<S> {
        Deadline { layer: *self, inner }
    }
}

/// The service of a [`DeadlineLayer`].
#[derive(Debug, Clone)]
pub struct Deadline<S> {
    layer: DeadlineLayer,
    inner: S,
}

impl<S> Service<Request<Body>> for Deadline<S>
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
        let Some(time) = self.layer.time_for(&request) else {
            return Box::pin(self.inner.call(request));
        };
        let until = Instant::now() + time;
        let answer = deadline::scope(until, self.inner.call(request));
        let passed = sleep_until(until).map(|()| Fault::DeadlineExceeded).boxed();
        Box::pin(async move {
            match timeout_at(until, answer).await {
                Ok(answer) => Ok(answer?.map(|body| {
                    let ending = Ending::When(passed);
                    Body::new(OpenBody::new(body, None, ending))
                })),
                Err(_) => Ok(Status::from(Fault::DeadlineExceeded).into_http()),
            }
        })
    }
}
