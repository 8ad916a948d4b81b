//! Answers for a handler that panics, so that the connection and its other calls live on.

use super::Answer;
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
use tower::{Layer, Service};

/// Turns a panic into INTERNAL. The panic hook has logged where it was.
#[derive(Debug, Clone, Copy, Default)]
pub struct PanicLayer;

impl<S> Layer<S> for PanicLayer {
    type Service = Panic<S>;

    fn layer(&self, inner: S) -> Panic<S> {
        Panic { inner }
    }
}

/// The service of a [`PanicLayer`].
#[derive(Debug, Clone)]
pub struct Panic<S> {
    inner: S,
}

impl<S> Service<Request<Body>> for Panic<S>
where
    S: Service<Request<Body>, Response = Response<Body>> + Clone + Send + 'static,
    S::Future: Send,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = Answer<S::Error>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        // A handler keeps nothing across calls that it could leave half done: state is in the
        // database, whose transactions roll back.
        let clone = self.inner.clone();
        let mut ready = std::mem::replace(&mut self.inner, clone);
        let answer = AssertUnwindSafe(async move { ready.call(request).await }).catch_unwind();
        Box::pin(async move {
            match answer.await {
                Ok(answer) => {
                    Ok(answer?.map(|inner| Body::new(GuardedBody { inner, over: false })))
                }
                Err(_) => Ok(panicked().into_http()),
            }
        })
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
