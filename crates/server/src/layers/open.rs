//! The answer of a call that keeps its place, and of a stream that ends when the process stops.

use super::{load::Place, trailers};
use crate::Fault;
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use std::{
    pin::Pin,
    task::{Context, Poll},
};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use tonic::{Status, body::Body};

/// A body that counts until it has been sent or given up.
pub(super) struct OpenBody {
    inner: Body,
    drained: Option<Pin<Box<WaitForCancellationFutureOwned>>>,
    over: bool,
    _place: Option<Place>,
}

impl OpenBody {
    /// `drain` is `None` for the answer of a unary call, which is let finish.
    pub(super) fn new(inner: Body, place: Option<Place>, drain: Option<CancellationToken>) -> Self {
        let drained = drain.map(|drain| Box::pin(drain.cancelled_owned()));
        Self { inner, drained, over: false, _place: place }
    }
}

impl http_body::Body for OpenBody {
    type Data = Bytes;
    type Error = Status;

    /// What the stream has ready is sent first: an acknowledgement is not lost to the end.
    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        if self.over {
            return Poll::Ready(None);
        }
        let frame = Pin::new(&mut self.inner).poll_frame(context);
        if frame.is_ready() {
            return frame;
        }
        let Some(drained) = &mut self.drained else { return Poll::Pending };
        if drained.as_mut().poll(context).is_pending() {
            return Poll::Pending;
        }
        self.over = true;
        Poll::Ready(Some(trailers(&Fault::Draining.into())))
    }

    fn is_end_stream(&self) -> bool {
        self.over || self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
