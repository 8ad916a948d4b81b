//! The answer of a call, followed to its end.

use super::rpc::Call;
use bytes::Bytes;
use http::{HeaderMap, Response};
use http_body::{Body as _, Frame, SizeHint};
use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};
use tonic::{Code, Status, body::Body};

impl Call {
    /// Ends with the answer: a status among the headers ends the call at once; otherwise it comes
    /// after the body.
    pub fn follow(mut self, response: Response<Body>) -> Response<Body> {
        if let Some(code) = code(response.headers()) {
            self.end(code);
            return response;
        }
        if response.body().is_end_stream() {
            self.end(Code::Unknown);
            return response;
        }
        response.map(|inner| Body::new(TracedBody { inner, call: self }))
    }
}

fn code(headers: &HeaderMap) -> Option<Code> {
    headers.get(Status::GRPC_STATUS).map(|code| Code::from_bytes(code.as_bytes()))
}

/// A body that works in the span of its call and sees the status behind it.
struct TracedBody {
    inner: Body,
    call: Call,
}

impl http_body::Body for TracedBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let Self { inner, call } = &mut *self;
        let polled = call.span().in_scope(|| Pin::new(inner).poll_frame(context));
        let frame = ready!(polled);
        match &frame {
            Some(Ok(frame)) => {
                if let Some(code) = frame.trailers_ref().and_then(code) {
                    call.end(code);
                }
            }
            Some(Err(status)) => call.end(status.code()),
            None => call.end(Code::Unknown),
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
