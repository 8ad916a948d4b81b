//! Answers for a handler that panics, so that the connection and its other calls live on.

use super::middleware::{Middleware, Next};
use crate::Fault;
use futures::FutureExt;
use http::{Request, Response};
use http_body::{Frame, SizeHint};
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    task::{Context, Poll},
};
use tonic::{Status, body::Body};

/// Turns a panic into INTERNAL. The panic hook has logged where it was.
#[derive(Debug, Clone, Copy, Default)]
pub struct Panic;

impl Middleware for Panic {
    /// A handler keeps nothing across calls that it could leave half done: state is in the
    /// database, whose transactions roll back.
    async fn handle(self, request: Request<Body>, next: Next) -> Response<Body> {
        match AssertUnwindSafe(next.run(request)).catch_unwind().await {
            Ok(answer) => answer.map(|inner| Body::new(GuardedBody { inner, over: false })),
            Err(_) => panicked().into_http(),
        }
    }
}

fn panicked() -> Status {
    Fault::internal("the handler panicked").into()
}

/// A body whose panic ends the call alone.
struct GuardedBody {
    inner: Body,
    over: bool,
}

impl http_body::Body for GuardedBody {
    type Data = bytes::Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<bytes::Bytes>, Status>>> {
        if self.over {
            return Poll::Ready(None);
        }
        let inner = Pin::new(&mut self.inner);
        let polled = catch_unwind(AssertUnwindSafe(|| inner.poll_frame(context)));
        polled.unwrap_or_else(|_| {
            self.over = true;
            Poll::Ready(Some(super::trailers(&panicked())))
        })
    }

    fn is_end_stream(&self) -> bool {
        self.over || self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
