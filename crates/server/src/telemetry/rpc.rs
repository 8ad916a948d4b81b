//! One call, served or made, as a span and a measurement by OpenTelemetry's conventions for gRPC.

use super::{
    metrics::{RPC_CLIENT_CALL_DURATION, RPC_SERVER_CALL_DURATION},
    traces,
};
use crate::{fault::code_name, method};
use http::HeaderMap;
use opentelemetry::{KeyValue, metrics::Histogram};
use std::{sync::LazyLock, time::Instant};
use tonic::Code;
use tracing::{Span, field::Empty};

/// Probes come every few seconds and tell nothing worth a trace.
const HEALTH: &str = "grpc.health.v1.Health/";

/// Which end of the call this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Server,
    Client,
}

/// A call under way. It is recorded when it has ended; dropped before, as CANCELLED.
#[derive(Debug)]
pub struct Call {
    side: Side,
    method: &'static str,
    span: Span,
    began: Instant,
    ended: bool,
}

impl Call {
    /// A call that is served: continues the trace that its headers carry. Health checks have no
    /// span.
    pub fn serve(path: &str, headers: &HeaderMap) -> Self {
        let method = method::name(path);
        let span = if method.starts_with(HEALTH) { Span::none() } else { span("server", method) };
        traces::continue_trace(&span, traces::extract_trace(headers));
        Self::begin(Side::Server, method, span)
    }

    /// A call that is made: puts its trace into the headers that go out.
    pub fn make(path: &str, headers: &mut HeaderMap) -> Self {
        let method = method::name(path);
        let call = Self::begin(Side::Client, method, span("client", method));
        call.span.in_scope(|| traces::inject_trace(headers));
        call
    }

    fn begin(side: Side, method: &'static str, span: Span) -> Self {
        Self { side, method, span, began: Instant::now(), ended: false }
    }

    /// The span that what belongs to the call runs in.
    pub fn span(&self) -> &Span {
        &self.span
    }

    /// Records how the call ended. Only the first time counts.
    pub fn end(&mut self, code: Code) {
        if self.ended {
            return;
        }
        self.ended = true;
        let error = self.is_error(code).then(|| code_name(code));
        self.span.record("rpc.response.status_code", code_name(code));
        if let Some(error) = error {
            self.span.record("error.type", error);
            self.span.record("otel.status_code", "error");
        }
        let mut attributes = vec![
            KeyValue::new("rpc.system.name", "grpc"),
            KeyValue::new("rpc.method", self.method),
            KeyValue::new("rpc.response.status_code", code_name(code)),
        ];
        attributes.extend(error.map(|error| KeyValue::new("error.type", error)));
        duration(self.side).record(self.began.elapsed().as_secs_f64(), &attributes);
    }

    /// Whether the convention has the code as an error: to a caller everything but OK, to a
    /// server what is not the caller's doing.
    fn is_error(&self, code: Code) -> bool {
        match self.side {
            Side::Client => code != Code::Ok,
            Side::Server => matches!(
                code,
                Code::Unknown
                    | Code::DeadlineExceeded
                    | Code::Unimplemented
                    | Code::Internal
                    | Code::Unavailable
                    | Code::DataLoss
            ),
        }
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        self.end(Code::Cancelled);
    }
}

fn span(kind: &str, method: &str) -> Span {
    tracing::info_span!(
        "rpc",
        otel.name = method,
        otel.kind = kind,
        otel.status_code = Empty,
        rpc.system.name = "grpc",
        rpc.method = method,
        rpc.response.status_code = Empty,
        "error.type" = Empty,
        enduser.id = Empty,
    )
}

fn duration(side: Side) -> &'static Histogram<f64> {
    static SERVER: LazyLock<Histogram<f64>> =
        LazyLock::new(|| RPC_SERVER_CALL_DURATION.histogram());
    static CLIENT: LazyLock<Histogram<f64>> =
        LazyLock::new(|| RPC_CLIENT_CALL_DURATION.histogram());
    match side {
        Side::Server => &SERVER,
        Side::Client => &CLIENT,
    }
}
