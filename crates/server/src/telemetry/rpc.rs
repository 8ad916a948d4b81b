//! One call, served or made, as a span and a measurement by OpenTelemetry's conventions for gRPC.

use super::{
    metrics::{RPC_CLIENT_CALL_DURATION, RPC_SERVER_CALL_DURATION},
    traces,
};
use http::HeaderMap;
use kehu_contract::DESCRIPTORS;
use opentelemetry::{KeyValue, metrics::Histogram};
use prost::Message;
use prost_types::FileDescriptorSet;
use std::{collections::BTreeSet, sync::LazyLock, time::Instant};
use tonic::Code;
use tracing::{Span, field::Empty};

/// `rpc.method` of what is no method of ours.
const OTHER: &str = "_OTHER";
/// Probes come every few seconds and tell nothing worth a trace.
const HEALTH: &str = "grpc.health.v1.Health/";

/// The name of the method under `path` (`/kehu.run.v1.RunService/GetRun`) for `rpc.method`:
/// `kehu.run.v1.RunService/GetRun`, or `_OTHER` when there is no such method, so that a caller
/// cannot make up names without end.
pub fn method(path: &str) -> &'static str {
    static METHODS: LazyLock<BTreeSet<String>> = LazyLock::new(methods);
    METHODS.get(path.trim_start_matches('/')).map_or(OTHER, String::as_str)
}

fn methods() -> BTreeSet<String> {
    let sets = [
        DESCRIPTORS,
        tonic_health::pb::FILE_DESCRIPTOR_SET,
        tonic_reflection::pb::v1::FILE_DESCRIPTOR_SET,
    ];
    let mut methods = BTreeSet::new();
    for set in sets {
        let set = FileDescriptorSet::decode(set).expect("descriptors that were compiled in");
        for file in &set.file {
            for service in &file.service {
                let prefix = format!("{}.{}", file.package(), service.name());
                methods.extend(service.method.iter().map(|m| format!("{prefix}/{}", m.name())));
            }
        }
    }
    methods
}

/// The canonical name of a status code: `DEADLINE_EXCEEDED`.
pub fn code_name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}

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
        let method = method(path);
        let span = if method.starts_with(HEALTH) { Span::none() } else { span("server", method) };
        traces::continue_trace(&span, traces::extract_trace(headers));
        Self::begin(Side::Server, method, span)
    }

    /// A call that is made: puts its trace into the headers that go out.
    pub fn make(path: &str, headers: &mut HeaderMap) -> Self {
        let method = method(path);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_method_is_named_when_it_is_in_the_contract() {
        for (path, name) in [
            ("/kehu.run.v1.RunService/GetRun", "kehu.run.v1.RunService/GetRun"),
            ("/grpc.health.v1.Health/Watch", "grpc.health.v1.Health/Watch"),
            (
                "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
                "grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
            ),
            ("/kehu.run.v1.RunService/GetRuns", OTHER),
            ("/kehu.run.v1.RunService", OTHER),
            ("/", OTHER),
        ] {
            assert_eq!(method(path), name, "{path}");
        }
    }

    #[test]
    fn codes_have_the_names_of_the_specification() {
        let names = (0..17).map(|code| code_name(Code::from_i32(code)));
        let expected = "OK CANCELLED UNKNOWN INVALID_ARGUMENT DEADLINE_EXCEEDED NOT_FOUND \
             ALREADY_EXISTS PERMISSION_DENIED RESOURCE_EXHAUSTED FAILED_PRECONDITION ABORTED \
             OUT_OF_RANGE UNIMPLEMENTED INTERNAL UNAVAILABLE DATA_LOSS UNAUTHENTICATED";
        assert_eq!(names.collect::<Vec<_>>().join(" "), expected);
    }
}
