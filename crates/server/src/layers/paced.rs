//! The answer of a call as its client reads it: what nobody reads is not held for ever.

use super::trailers;
use crate::{Fault, tls::Peer};
use bytes::Bytes;
use http_body::{Body as _, Frame, SizeHint};
use std::{
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
    time::Duration,
};
use tokio::{
    task::AbortHandle,
    time::{Instant, sleep_until},
};
use tonic::{Status, body::Body};

/// Most bytes handed on at once: they stay with the connection until the client has room for them.
const PIECE: usize = 16 << 10;
/// Answers not read on one connection that end the connection.
const MOST_STALLED: u32 = 16;

/// A body that is let go, with its place and what it has ready, when its client does not read it
/// for too long. Nobody but the client can tell: while it has no room for more, nothing is asked.
pub(super) struct Paced {
    answer: Arc<Mutex<Answer>>,
    watch: AbortHandle,
}

struct Answer {
    /// `None` when it was let go.
    inner: Option<Body>,
    /// Of the frame that was last made, what was not handed on.
    rest: Bytes,
    /// Since when it is the client's turn.
    handed: Option<Instant>,
    over: bool,
}

impl Paced {
    /// A client may take `longest` before it has room for more.
    pub(super) fn new(inner: Body, longest: Duration, peer: Option<Peer>) -> Self {
        let handed = Some(Instant::now());
        let answer = Answer { inner: Some(inner), rest: Bytes::new(), handed, over: false };
        let answer = Arc::new(Mutex::new(answer));
        let watch = tokio::spawn(watch(Arc::clone(&answer), longest, peer)).abort_handle();
        Self { answer, watch }
    }
}

impl Drop for Paced {
    fn drop(&mut self) {
        self.watch.abort();
    }
}

/// Lets the answer go when the client has had its turn for too long.
async fn watch(answer: Arc<Mutex<Answer>>, longest: Duration, peer: Option<Peer>) {
    loop {
        let handed = lock(&answer).handed.unwrap_or_else(Instant::now);
        sleep_until(handed + longest).await;
        let mut held = lock(&answer);
        if held.handed.is_some_and(|handed| handed.elapsed() >= longest) {
            let let_go = held.let_go();
            drop(held);
            drop(let_go);
            break;
        }
    }
    tracing::debug!("an answer was not read");
    if let Some(peer) = peer
        && peer.stall() >= MOST_STALLED
    {
        peer.cut();
    }
}

fn lock(answer: &Mutex<Answer>) -> MutexGuard<'_, Answer> {
    answer.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Answer {
    fn let_go(&mut self) -> Option<Body> {
        self.rest = Bytes::new();
        self.inner.take()
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        if self.over {
            return Poll::Ready(None);
        }
        if !self.rest.is_empty() {
            return Poll::Ready(Some(Ok(self.piece())));
        }
        let Some(inner) = &mut self.inner else {
            self.over = true;
            return Poll::Ready(Some(trailers(&Fault::ClientSlow.into())));
        };
        let frame = Pin::new(inner).poll_frame(context);
        match frame {
            Poll::Ready(Some(Ok(frame))) => match frame.into_data() {
                Ok(data) if data.len() > PIECE => {
                    self.rest = data;
                    Poll::Ready(Some(Ok(self.piece())))
                }
                Ok(data) => Poll::Ready(Some(Ok(Frame::data(data)))),
                Err(frame) => Poll::Ready(Some(Ok(frame))),
            },
            other => other,
        }
    }

    /// The next piece; a copy, because it would keep the whole in memory.
    fn piece(&mut self) -> Frame<Bytes> {
        let piece = self.rest.split_to(PIECE.min(self.rest.len()));
        Frame::data(Bytes::copy_from_slice(&piece))
    }
}

impl http_body::Body for Paced {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let mut answer = lock(&self.answer);
        let frame = answer.poll(context);
        answer.handed = frame.is_ready().then(Instant::now);
        frame
    }

    fn is_end_stream(&self) -> bool {
        let answer = lock(&self.answer);
        let inner = answer.inner.as_ref();
        answer.over || answer.rest.is_empty() && inner.is_some_and(|inner| inner.is_end_stream())
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}
