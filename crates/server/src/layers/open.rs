//! The answer of a call that keeps its place, and of a stream that ends when its time has come: its
//! deadline, the end of the process, or too long a silence.

use super::trailers;
use crate::Fault;
use bytes::Bytes;
use futures::future::BoxFuture;
use http_body::{Frame, SizeHint};
use std::{
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::time::{Instant, Sleep, sleep};
use tonic::{Status, body::Body};

/// A body that keeps something, its place or its share, until it has been sent or given up, and may
/// be ended from outside.
pub(super) struct OpenBody<K = ()> {
    inner: Body,
    ending: Ending,
    _kept: Option<K>,
}

/// When a stream ends though it has not ended itself.
pub(super) enum Ending {
    /// Never.
    Never,
    /// With the fault that this comes to.
    When(BoxFuture<'static, Fault>),
    /// With this fault, after what is being sent.
    Now(Fault),
    /// It has.
    Over,
}

impl<K> OpenBody<K> {
    pub(super) fn new(inner: Body, kept: Option<K>, ending: Ending) -> Self {
        Self { inner, ending, _kept: kept }
    }

    /// Looks whether the time has come.
    fn look(&mut self, context: &mut Context<'_>) -> bool {
        if let Ending::When(fault) = &mut self.ending
            && let Poll::Ready(fault) = fault.as_mut().poll(context)
        {
            self.ending = Ending::Now(fault);
        }
        matches!(self.ending, Ending::Now(_))
    }
}

impl<K: Unpin> http_body::Body for OpenBody<K> {
    type Data = Bytes;
    type Error = Status;

    /// What the stream has ready is sent first: an acknowledgement is not lost to the end.
    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        match std::mem::replace(&mut self.ending, Ending::Over) {
            Ending::Over => return Poll::Ready(None),
            Ending::Now(fault) => return Poll::Ready(Some(trailers(&fault.into()))),
            open => self.ending = open,
        }
        let frame = Pin::new(&mut self.inner).poll_frame(context);
        if self.look(context) && frame.is_pending() {
            return self.poll_frame(context);
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.ending, Ending::Over) || self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// A stream that ends when it has been silent for too long: whoever reads it has gone, or resumes.
pub(super) struct IdleBody {
    inner: Body,
    longest: Duration,
    silence: Pin<Box<Sleep>>,
    over: bool,
}

impl IdleBody {
    pub(super) fn new(inner: Body, longest: Duration) -> Self {
        Self { inner, longest, silence: Box::pin(sleep(longest)), over: false }
    }
}

impl http_body::Body for IdleBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        if self.over {
            return Poll::Ready(None);
        }
        let frame = Pin::new(&mut self.inner).poll_frame(context);
        if frame.is_ready() {
            let until = Instant::now() + self.longest;
            self.silence.as_mut().reset(until);
            return frame;
        }
        ready!(self.silence.as_mut().poll(context));
        self.over = true;
        Poll::Ready(Some(trailers(&Fault::StreamIdle.into())))
    }

    fn is_end_stream(&self) -> bool {
        self.over || self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
