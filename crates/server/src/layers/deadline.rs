//! Ends a call when its time has passed.

use super::{
    middleware::{Middleware, Next},
    open::{Ending, OpenBody},
};
use crate::{Fault, deadline, method};
use futures::FutureExt;
use http::{Request, Response};
use std::time::Duration;
use tokio::time::{Instant, sleep_until, timeout_at};
use tonic::{Status, body::Body};

/// tonic ends a call at the time of `grpc-timeout` with CANCELLED, which is not the truth: this
/// layer is so much earlier.
const AHEAD_OF_TONIC: Duration = Duration::from_millis(2);

/// Gives every unary call a deadline, the caller's or `longest`, whichever is sooner; a stream only
/// that of its caller. What the call was doing is dropped.
#[derive(Debug, Clone, Copy)]
pub struct Deadline {
    longest: Duration,
}

impl Deadline {
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

impl Middleware for Deadline {
    async fn handle(self, request: Request<Body>, next: Next) -> Response<Body> {
        let Some(time) = self.time_for(&request) else {
            return next.run(request).await;
        };
        let until = Instant::now() + time;
        match timeout_at(until, deadline::scope(until, next.run(request))).await {
            Ok(answer) => answer.map(|body| {
                let passed = sleep_until(until).map(|()| Fault::DeadlineExceeded);
                Body::new(OpenBody::<()>::new(body, None, Ending::When(passed.boxed())))
            }),
            Err(_) => Status::from(Fault::DeadlineExceeded).into_http(),
        }
    }
}
