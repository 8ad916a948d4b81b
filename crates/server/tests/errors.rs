//! Every reason of failure, as a caller gets it: the page `proto/ERRORS.md` is written from this.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use kehu_contract::error::ErrorReason;
use kehu_server::{
    Fault, Violation,
    auth::{CredentialProblem, Scope},
    fault,
};
use opentelemetry::{
    Context,
    trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState},
};
use std::{fmt::Write, fs, path::PathBuf};
use tonic::Status;
use tonic_types::{ErrorDetails, StatusExt};

const PROTO: &str = include_str!("../../../proto/kehu/error/v1/error.proto");

const HEAD: &str = "# Reasons of failure

Every failed call carries `google.rpc.ErrorInfo` with domain `kehu` and one of these reasons; a
program decides by the code and the reason, never by the message. `tests/run -p kehu-server --test
errors` fails when this page is not what the server says; with `KEHU_UPDATE=1` it writes the page.
";

/// A fault for every reason, as it might happen.
fn examples() -> Vec<Fault> {
    let violation =
        |field: &str, text: &str| Violation { field: field.into(), description: text.into() };
    vec![
        Fault::Invalid(vec![
            violation("page_size", "must be 0 to 1000"),
            violation("definition.indicators[2].weight", "must be greater than 0"),
        ]),
        Fault::NotFound { kind: "customer", name: "customers/17".into() },
        Fault::Exists { kind: "code scheme", name: "codeSchemes/standard".into() },
        Fault::RequestIdReused,
        Fault::EtagMismatch { name: "scorecards/rfm".into() },
        Fault::Precondition {
            kind: "SCORECARD_NOT_PUBLISHED",
            subject: "scorecards/rfm".into(),
            description: "the scorecard has no published version: publish it first".into(),
        },
        Fault::SequenceGap { next: 42 },
        Fault::StreamTakenOver,
        Fault::Unavailable,
        Fault::Cancelled,
        Fault::internal("the log has this, the caller does not"),
        Fault::Conflict,
        Fault::Unauthenticated(CredentialProblem::Expired),
        Fault::PermissionDenied { missing: vec![Scope::PersonalData] },
        Fault::DeadlineExceeded,
        Fault::NotServed { service: "kehu.scoring.v1.ScoringService".into() },
        Fault::Overloaded { refused: 0 },
        Fault::OverShare { of: "calls", refused: 0 },
        Fault::ClientSlow,
        Fault::Draining,
        Fault::StreamIdle,
        Fault::Malformed,
        Fault::TooLarge,
        Fault::UnknownMethod,
        Fault::NotFresh { behind: "scoring coding".into() },
    ]
}

#[test]
fn the_page_says_what_the_server_says() {
    let trace = TraceId::from_hex("4bf92f3577b34da6a3ce929d0e0e4736").unwrap();
    let span = SpanId::from_hex("00f067aa0ba902b7").unwrap();
    let caller = SpanContext::new(trace, span, TraceFlags::SAMPLED, true, TraceState::default());
    let _traced = Context::new().with_remote_span_context(caller).attach();

    let statuses: Vec<Status> = examples().into_iter().map(Status::from).collect();
    let mut page = HEAD.to_owned();
    for (name, comment) in reasons() {
        let reason = ErrorReason::from_str_name(&format!("ERROR_REASON_{name}")).unwrap();
        let status = statuses.iter().find(|status| fault::reason(status) == Some(reason));
        let status = status.unwrap_or_else(|| panic!("no fault has the reason {name}"));
        let code = fault::code_name(status.code());
        assert!(comment.starts_with(&format!("{code}.")), "{name}: the comment names its code");
        write!(page, "\n## {name}\n\n{comment}\n\n```\n{}```\n", shown(status)).unwrap();
    }
    check("proto/ERRORS.md", &page);
}

/// The reasons of the contract with their comments, in order, without the one that is never sent.
fn reasons() -> Vec<(String, String)> {
    let mut reasons = Vec::new();
    let mut comment = Vec::new();
    for line in PROTO.lines().map(str::trim) {
        if let Some(text) = line.strip_prefix("// ") {
            comment.push(text);
        } else if let Some(rest) = line.strip_prefix("ERROR_REASON_") {
            let (name, _) = rest.split_once(' ').unwrap();
            reasons.push((name.to_owned(), comment.join("\n")));
            comment.clear();
        } else {
            comment.clear();
        }
    }
    assert_eq!(reasons.remove(0).0, "UNSPECIFIED");
    reasons
}

fn shown(status: &Status) -> String {
    let mut text =
        format!("code: {}\nmessage: {}\n", fault::code_name(status.code()), status.message());
    for line in details(&status.get_error_details()) {
        writeln!(text, "{line}").unwrap();
    }
    text
}

fn details(details: &ErrorDetails) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(info) = details.error_info() {
        let mut metadata: Vec<_> = info.metadata.iter().collect();
        metadata.sort();
        lines.push(format!("ErrorInfo: {} of {}", info.reason, info.domain));
        lines.extend(metadata.iter().map(|(key, value)| format!("  {key}: {value}")));
    }
    for violation in details.bad_request().iter().flat_map(|it| &it.field_violations) {
        lines.push(format!("BadRequest: {}: {}", violation.field, violation.description));
    }
    for violation in details.precondition_failure().iter().flat_map(|it| &it.violations) {
        lines.push(format!("PreconditionFailure: {} {}", violation.r#type, violation.subject));
    }
    if let Some(resource) = details.resource_info() {
        let (kind, name) = (&resource.resource_type, &resource.resource_name);
        lines.push(format!("ResourceInfo: {kind} {name}"));
    }
    if let Some(delay) = details.retry_info().and_then(|info| info.retry_delay) {
        lines.push(format!("RetryInfo: after {} ms", delay.as_millis()));
    }
    if let Some(request) = details.request_info() {
        lines.push(format!("RequestInfo: {}", request.request_id));
    }
    lines
}

/// Compares a file of the repository with what it should hold, or writes it.
fn check(path: &str, expected: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..").join(path);
    if std::env::var_os("KEHU_UPDATE").is_some() {
        fs::write(&path, expected).unwrap();
    }
    let held = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(held, expected, "run the test with KEHU_UPDATE=1 to write {}", path.display());
}
