//! How long calls took and how they ended: `rpc.client.call.duration`.

use super::method::Method;
use crate::fault::code_name;
use bytes::Bytes;
use http::Response;
use http_body::{Frame, SizeHint};
use opentelemetry::{KeyValue, global, metrics::Histogram};
use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Instant,
};
use tonic::{Code, Status, body::Body};

/// Upper bounds in seconds, those that the semantic conventions advise.
const BOUNDS: [f64; 14] =
    [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];

/// What calls are measured with.
pub(super) struct Meter(Histogram<f64>);

impl Meter {
    /// One of the meter provider that is set now.
    pub(super) fn new() -> Self {
        let histogram = global::meter("kehu")
            .f64_histogram("rpc.client.call.duration")
            .with_unit("s")
            .with_description("Duration of calls to other services, with their retries")
            .with_boundaries(BOUNDS.to_vec())
            .build();
        Self(histogram)
    }

    /// Starts the clock of a call.
    pub(super) fn start(&self, method: Option<&'static Method>) -> Measure {
        let method = method.map_or("_OTHER", |method| method.name.as_str());
        let histogram = self.0.clone();
        Measure { histogram, method, started: Instant::now(), code: Code::Cancelled }
    }
}

/// A call under way, recorded when it is dropped: as cancelled unless another end was seen.
pub(super) struct Measure {
    histogram: Histogram<f64>,
    method: &'static str,
    started: Instant,
    code: Code,
}

impl Measure {
    /// Notes the end that the head of an answer tells of.
    pub(super) fn note(&mut self, answer: &Result<Response<Body>, Status>) {
        match answer {
            Ok(response) => {
                let status = Status::from_header_map(response.headers());
                self.code = status.map_or(self.code, |status| status.code());
            }
            Err(status) => self.code = status.code(),
        }
    }

    /// Follows the answer to its end.
    pub(super) fn follow(self, body: Body) -> Body {
        Body::new(Followed { body, measure: self })
    }
}

impl Drop for Measure {
    fn drop(&mut self) {
        let code = code_name(self.code);
        let mut attributes = vec![
            KeyValue::new("rpc.system.name", "grpc"),
            KeyValue::new("rpc.method", self.method),
            KeyValue::new("rpc.response.status_code", code),
        ];
        if self.code != Code::Ok {
            attributes.push(KeyValue::new("error.type", code));
        }
        self.histogram.record(self.started.elapsed().as_secs_f64(), &attributes);
    }
}

/// The body of an answer whose status is in its trailers.
struct Followed {
    body: Body,
    measure: Measure,
}

impl http_body::Body for Followed {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        match &polled {
            Poll::Ready(Some(Ok(frame))) => {
                let status = frame.trailers_ref().and_then(Status::from_header_map);
                self.measure.code = status.map_or(self.measure.code, |status| status.code());
            }
            Poll::Ready(Some(Err(status))) => self.measure.code = status.code(),
            Poll::Ready(None) | Poll::Pending => {}
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
