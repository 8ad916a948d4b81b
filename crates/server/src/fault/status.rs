//! Faults as gRPC statuses with `google.rpc` details, and back.

use super::{Fault, Violation, bounds};
use crate::telemetry::traces;
use kehu_contract::error::ErrorReason;
use std::{collections::HashMap, time::Duration};
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, FieldViolation, PreconditionViolation, StatusExt};

/// How long a caller should wait when too much is asked at once; clients spread it by jitter. It
/// doubles, so often at most, with every so many calls of a connection refused one after the other.
const OVERLOAD_DELAY: Duration = Duration::from_millis(200);
const OVERLOAD_DOUBLINGS: usize = 4;
const OVERLOAD_STEP: u32 = 32;
/// `ErrorInfo.domain` of every fault.
const DOMAIN: &str = "kehu";
/// How long until another run may have begun; there is no telling.
const RUN_DELAY: Duration = Duration::from_secs(10);
/// How long a caller should wait before it repeats a call.
const RETRY_DELAY: Duration = Duration::from_secs(1);

impl From<Fault> for Status {
    fn from(fault: Fault) -> Self {
        if let Fault::Internal(cause) = &fault {
            tracing::error!(cause = chain(cause.as_ref()), "internal error");
        }
        let fault = bounds::within(fault);
        let (code, reason) = code_and_reason(&fault);
        let message = bounds::text(&message(&fault));
        Status::with_error_details(code, message, details(fault, reason))
    }
}

/// The reason that a server of Kehu gave for a status, or `None` for statuses of others.
pub fn reason(status: &Status) -> Option<ErrorReason> {
    let info = status.get_details_error_info()?;
    if info.domain != DOMAIN {
        return None;
    }
    ErrorReason::from_str_name(&format!("ERROR_REASON_{}", info.reason))
}

/// How often the wait has doubled after so many refused calls.
pub(crate) fn step(refused: u32) -> usize {
    usize::try_from(refused / OVERLOAD_STEP).unwrap_or(usize::MAX).min(OVERLOAD_DOUBLINGS)
}

/// A number of refused calls for each [`step`].
pub(crate) fn steps() -> impl Iterator<Item = u32> {
    (0_u32..).map(|step| step * OVERLOAD_STEP).take(OVERLOAD_DOUBLINGS + 1)
}

/// The name of a code as gRPC spells it: `DEADLINE_EXCEEDED`.
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

fn code_and_reason(fault: &Fault) -> (Code, ErrorReason) {
    match fault {
        Fault::Invalid(_) => (Code::InvalidArgument, ErrorReason::InvalidFields),
        Fault::NotFound { .. } => (Code::NotFound, ErrorReason::ResourceNotFound),
        Fault::Exists { .. } => (Code::AlreadyExists, ErrorReason::ResourceExists),
        Fault::RequestIdReused => (Code::AlreadyExists, ErrorReason::RequestIdReused),
        Fault::EtagMismatch { .. } => (Code::Aborted, ErrorReason::EtagMismatch),
        Fault::Precondition { .. } => (Code::FailedPrecondition, ErrorReason::Precondition),
        Fault::SequenceGap { .. } => (Code::OutOfRange, ErrorReason::SequenceGap),
        Fault::StreamTakenOver => (Code::Aborted, ErrorReason::StreamTakenOver),
        Fault::Cancelled => (Code::Cancelled, ErrorReason::RunCancelled),
        Fault::Conflict => (Code::Aborted, ErrorReason::Conflict),
        Fault::Unavailable | Fault::NewerFormat { .. } | Fault::NotReady { .. } => {
            (Code::Unavailable, ErrorReason::Unavailable)
        }
        Fault::NotFresh { .. } => (Code::Unavailable, ErrorReason::NotFresh),
        Fault::Unauthenticated(_) => (Code::Unauthenticated, ErrorReason::Unauthenticated),
        Fault::PermissionDenied { .. } => (Code::PermissionDenied, ErrorReason::PermissionDenied),
        Fault::DeadlineExceeded => (Code::DeadlineExceeded, ErrorReason::DeadlineExceeded),
        Fault::Overloaded { .. } => (Code::Unavailable, ErrorReason::Overloaded),
        Fault::OverShare { .. } | Fault::RunsWaiting { .. } => {
            (Code::ResourceExhausted, ErrorReason::ShareExhausted)
        }
        Fault::ClientSlow => (Code::DeadlineExceeded, ErrorReason::ClientSlow),
        Fault::Draining => (Code::Unavailable, ErrorReason::Draining),
        Fault::StreamIdle => (Code::Unavailable, ErrorReason::StreamIdle),
        Fault::Malformed => (Code::InvalidArgument, ErrorReason::MalformedMessage),
        Fault::TooLarge => (Code::InvalidArgument, ErrorReason::MessageTooLarge),
        Fault::UnknownMethod => (Code::Unimplemented, ErrorReason::UnknownMethod),
        Fault::NotServed { .. } => (Code::Unimplemented, ErrorReason::ServiceNotServed),
        Fault::Internal(_) => (Code::Internal, ErrorReason::Internal),
    }
}

/// For an invalid request the message names the first field, so that a log line is enough.
fn message(fault: &Fault) -> String {
    match fault {
        Fault::Invalid(violations) => match violations.as_slice() {
            [] => fault.to_string(),
            [only] => format!("{}: {}", bounds::name(&only.field), only.description),
            [first, rest @ ..] => {
                format!("{}: {} (and {} more)", first.field, first.description, rest.len())
            }
        },
        _ => fault.to_string(),
    }
}

fn details(fault: Fault, reason: ErrorReason) -> ErrorDetails {
    let mut details = ErrorDetails::new();
    let name = reason.as_str_name().trim_start_matches("ERROR_REASON_");
    details.set_error_info(name, DOMAIN, metadata(&fault));
    if let Some(delay) = retry_delay(&fault) {
        details.set_retry_info(Some(delay));
    }
    match fault {
        Fault::Invalid(violations) => {
            let (listed, _) = bounds::listed(&violations);
            details.set_bad_request(listed.into_iter().map(field_violation).collect::<Vec<_>>());
        }
        Fault::NotFound { kind, name } | Fault::Exists { kind, name } => {
            details.set_resource_info(kind, name, "", "");
        }
        Fault::EtagMismatch { name } => {
            details.set_resource_info("resource", name, "", "");
        }
        Fault::Precondition { kind, subject, description } => {
            let violation = PreconditionViolation::new(kind, subject, description);
            details.set_precondition_failure(vec![violation]);
        }
        Fault::Internal(_) => {
            // The log has the cause under the same id.
            if let Some((trace_id, _)) = traces::current_ids() {
                details.set_request_info(trace_id, "");
            }
        }
        _ => {}
    }
    details
}

/// What a program needs to act on the reason.
fn metadata(fault: &Fault) -> HashMap<String, String> {
    let (key, value) = match fault {
        Fault::Invalid(violations) => match bounds::listed(violations) {
            (_, 0) => return HashMap::new(),
            (_, left_out) => ("violations_left_out", left_out.to_string()),
        },
        Fault::SequenceGap { next } => ("next_sequence", next.to_string()),
        Fault::Unauthenticated(problem) => ("why", problem.word().to_owned()),
        Fault::PermissionDenied { missing } => ("missing_scopes", super::words(missing)),
        Fault::NotServed { service } => ("service", service.clone()),
        Fault::NotFresh { behind } => ("behind", behind.clone()),
        Fault::OverShare { of, .. } => ("share", (*of).to_owned()),
        Fault::RunsWaiting { .. } => ("share", "runs".to_owned()),
        _ => return HashMap::new(),
    };
    HashMap::from([(key.to_owned(), value)])
}

/// After how long the same call may succeed; `None` when to repeat it is no help.
fn retry_delay(fault: &Fault) -> Option<Duration> {
    match fault {
        Fault::Unavailable
        | Fault::NewerFormat { .. }
        | Fault::NotReady { .. }
        | Fault::NotFresh { .. } => Some(RETRY_DELAY),
        Fault::Overloaded { refused } | Fault::OverShare { refused, .. } => {
            Some(OVERLOAD_DELAY * (1 << step(*refused)))
        }
        Fault::RunsWaiting { .. } => Some(RUN_DELAY),
        Fault::Draining | Fault::StreamIdle => Some(Duration::ZERO),
        _ => None,
    }
}

fn field_violation(violation: Violation) -> FieldViolation {
    FieldViolation::new(violation.field, violation.description)
}

/// An error and all its causes on one line.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invalid_request_lists_every_violation() {
        let violation =
            |field: &str| Violation { field: field.into(), description: "is empty".into() };
        let status = Status::from(Fault::Invalid(vec![violation("a"), violation("b[1].c")]));
        assert_eq!(status.code(), Code::InvalidArgument);
        assert_eq!(status.message(), "a: is empty (and 1 more)");
        assert_eq!(reason(&status), Some(ErrorReason::InvalidFields));
        let listed = status.get_details_bad_request().unwrap().field_violations;
        assert_eq!(listed.iter().map(|v| v.field.as_str()).collect::<Vec<_>>(), ["a", "b[1].c"]);
    }

    #[test]
    fn the_cause_of_an_internal_error_stays_inside() {
        let status = Status::from(Fault::internal("table customer, name Zhang"));
        assert_eq!(status.message(), "internal error");
        assert_eq!(reason(&status), Some(ErrorReason::Internal));
    }

    #[test]
    fn unavailable_says_when_to_come_back() {
        let status = Status::from(Fault::Unavailable);
        assert_eq!(status.get_details_retry_info().unwrap().retry_delay, Some(RETRY_DELAY));
    }

    #[test]
    fn who_goes_on_is_told_to_wait_longer() {
        let wait = |refused| {
            let status = Status::from(Fault::Overloaded { refused });
            status.get_details_retry_info().unwrap().retry_delay.unwrap().as_millis()
        };
        assert_eq!(
            [0, 31, 32, 64, 96, 128, u32::MAX].map(wait),
            [200, 200, 400, 800, 1600, 3200, 3200]
        );
        assert_eq!(steps().map(wait).collect::<Vec<_>>(), [200, 400, 800, 1600, 3200]);
    }

    #[test]
    fn statuses_of_others_have_no_reason() {
        assert_eq!(reason(&Status::internal("elsewhere")), None);
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
