//! The request of a call as it comes: within its time, and within its caller's share of bytes.

use super::kind::{Caller, Kind};
use crate::{Fault, shares::Part};
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use std::{
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::Duration,
};
use tokio::time::{Sleep, sleep};
use tonic::{Status, body::Body};

/// What of a call's messages is in memory, of its caller's share of bytes.
#[derive(Clone)]
pub(super) struct Held {
    part: Arc<Mutex<Part<(Caller, Kind)>>>,
    most: u64,
}

impl Held {
    /// Counts in `part`, up to `most` of the share.
    pub(super) fn new(part: Part<(Caller, Kind)>, most: u64) -> Self {
        Self { part: Arc::new(Mutex::new(part)), most }
    }

    fn grow(&self, bytes: usize) -> Result<(), Fault> {
        let mut part = self.part.lock().unwrap_or_else(PoisonError::into_inner);
        let fits = part.grow(bytes as u64, self.most);
        if fits { Ok(()) } else { Err(Fault::OverShare { of: Kind::Bytes.word(), refused: 0 }) }
    }

    fn clear(&self) {
        self.part.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// A body whose messages must come whole within a time once they have begun; the one of a unary call
/// begins with the call.
pub(super) struct Received {
    inner: Body,
    longest: Duration,
    held: Option<Held>,
    /// Whether the message of a unary call is still to come.
    expected: bool,
    message: Message,
    late: Option<Pin<Box<Sleep>>>,
    over: bool,
}

/// Bytes before a message: whether it is compressed, and its length.
const PREFIX: u8 = 5;

/// Where in a message the bytes so far end.
#[derive(Debug, Default)]
struct Message {
    /// Bytes of the prefix that have come.
    prefix: u8,
    length: u32,
    /// Bytes of the message that are still to come.
    missing: u32,
}

impl Message {
    fn is_open(&self) -> bool {
        self.prefix > 0
    }

    /// Goes on by what has come; returns how many messages ended.
    fn pass(&mut self, mut bytes: &[u8]) -> usize {
        let mut ended = 0;
        while let Some((first, rest)) = bytes.split_first() {
            if self.prefix < PREFIX {
                bytes = rest;
                self.prefix += 1;
                // The first byte is the flag.
                self.length =
                    if self.prefix == 1 { 0 } else { self.length << 8 | u32::from(*first) };
                self.missing = self.length;
            } else {
                let here = bytes.len().min(self.missing as usize);
                bytes = &bytes[here..];
                self.missing -= here as u32;
            }
            if self.prefix == PREFIX && self.missing == 0 {
                *self = Self::default();
                ended += 1;
            }
        }
        ended
    }
}

impl Received {
    pub(super) fn new(inner: Body, unary: bool, longest: Duration, held: Option<Held>) -> Self {
        let message = Message::default();
        Self { inner, longest, held, expected: unary, message, late: None, over: false }
    }

    /// Counts a frame that came.
    fn count(&mut self, frame: &Frame<Bytes>) -> Result<(), Fault> {
        let Some(bytes) = frame.data_ref() else { return Ok(()) };
        if let Some(held) = &self.held {
            held.grow(bytes.len())?;
        }
        if self.message.pass(bytes) > 0 {
            self.expected = false;
            self.late = None;
        }
        Ok(())
    }

    /// A stream asks for more only when it has handed on the messages before.
    fn begin(&mut self) {
        let waits = self.expected || self.message.is_open();
        if waits && self.late.is_none() {
            self.late = Some(Box::pin(sleep(self.longest)));
        }
        if !waits && let Some(held) = &self.held {
            held.clear();
        }
    }

    fn end(&mut self, fault: Fault) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        self.over = true;
        Poll::Ready(Some(Err(fault.into())))
    }
}

impl http_body::Body for Received {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        if self.over {
            return Poll::Ready(None);
        }
        self.begin();
        match Pin::new(&mut self.inner).poll_frame(context) {
            Poll::Ready(Some(Ok(frame))) => match self.count(&frame) {
                Ok(()) => Poll::Ready(Some(Ok(frame))),
                Err(fault) => self.end(fault),
            },
            // Where nothing of a message came but its length, it would pass for a good end.
            Poll::Ready(None) if self.message.is_open() => self.end(Fault::Malformed),
            Poll::Ready(ended) => Poll::Ready(ended),
            Poll::Pending => {
                let late = self.late.as_mut().map(|late| late.as_mut().poll(context));
                if late.is_some_and(|late| late.is_ready()) {
                    return self.end(Fault::ClientSlow);
                }
                Poll::Pending
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.over || self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_followed_however_they_are_cut() {
        let mut bytes = vec![0, 0, 0, 0, 3, 7, 7, 7];
        bytes.extend([0, 0, 0, 0, 0]);
        bytes.extend([1, 0, 0, 1, 0]);
        bytes.extend([9; 256]);
        for size in [1, 2, 3, 5, 7, 100, 1_000] {
            let mut message = Message::default();
            let ended: usize = bytes.chunks(size).map(|piece| message.pass(piece)).sum();
            assert_eq!((ended, message.is_open()), (3, false), "by {size}");
        }
        let mut message = Message::default();
        assert_eq!(message.pass(&bytes[..6]), 0);
        assert!(message.is_open());
        assert_eq!(message.pass(&[]), 0);
        let mut message = Message::default();
        assert_eq!(message.pass(&[0, 0xff, 0xff, 0xff, 0xff, 1]), 0);
        assert!(message.is_open());
    }
}
