//! What can go wrong with a call, and what the caller is told.
//!
//! Services return a [`Fault`]; only this module turns one into a `tonic::Status`.

mod bounds;
mod status;
mod violations;

pub use status::{code_name, reason};
pub(crate) use status::{step, steps};
pub use violations::{Violation, Violations};

use crate::auth::{CredentialProblem, Scope};
use futures::FutureExt;
use kehu_contract::error::ErrorReason;
use std::panic::AssertUnwindSafe;
use tonic::{Code, Status};

/// Why a call failed, named for what the caller can do about it.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// Fields of the request break their rules: every one of them is listed.
    #[error("the request has {} invalid field(s)", .0.len())]
    Invalid(Vec<Violation>),
    /// The resource does not exist.
    #[error("{kind} {name:?} does not exist")]
    NotFound {
        /// What was looked for: `customer`, `run`.
        kind: &'static str,
        /// Its name or key.
        name: String,
    },
    /// The resource exists already.
    #[error("{kind} {name:?} exists already")]
    Exists {
        /// What was to be created.
        kind: &'static str,
        /// Its name or key.
        name: String,
    },
    /// The `request_id` was used for another request.
    #[error("this request_id was used for a different request: send a new one")]
    RequestIdReused,
    /// The resource changed since the caller read it.
    #[error("{name:?} changed since it was read: read it again and repeat")]
    EtagMismatch {
        /// The resource's name.
        name: String,
    },
    /// Something has to be done first.
    #[error("{description}")]
    Precondition {
        /// A stable word for the condition: `SCORECARD_NOT_PUBLISHED`.
        kind: &'static str,
        /// What it is about: `scorecards/rfm`.
        subject: String,
        /// What to do.
        description: String,
    },
    /// A batch's sequence is ahead of what is held.
    #[error("the sequence is ahead: continue with {next}")]
    SequenceGap {
        /// The sequence to send next.
        next: i64,
    },
    /// Another connection writes the same stream.
    #[error("another connection writes this stream and has taken over")]
    StreamTakenOver,
    /// What is stored was written by a later release, whose programs alone can read it.
    #[error("a later release wrote {what}: repeat the call where that release runs")]
    NewerFormat {
        /// What it is: `scorecard rfm`.
        what: String,
    },
    /// A caller cancelled the run.
    #[error("the run was cancelled")]
    Cancelled,
    /// Concurrent writers got in each other's way.
    #[error("concurrent writers got in each other's way: repeat the call")]
    Conflict,
    /// The database or a service cannot be reached now.
    #[error("the service cannot answer now: repeat the call later")]
    Unavailable,
    /// What is read has not come to what was written when the time of the call is nearly over.
    #[error("what is read does not follow from the write yet ({behind} behind): repeat the call")]
    NotFresh {
        /// The consumers of the change log that have not come to it, with spaces between.
        behind: String,
    },
    /// The process has started and cannot serve yet.
    #[error("the server cannot serve yet: {why}")]
    NotReady {
        /// What it waits for, and what to do.
        why: String,
    },
    /// The caller does not say who it is, or cannot be believed.
    #[error("{0}")]
    Unauthenticated(CredentialProblem),
    /// The caller may not call this method.
    #[error("{}", denial(.missing))]
    PermissionDenied {
        /// The scopes that it would need and does not have; empty when nobody may call it.
        missing: Vec<Scope>,
    },
    /// The time that the caller gave has passed.
    #[error("the time for the call has passed: give it more, or ask for less at once")]
    DeadlineExceeded,
    /// Too many calls are being served.
    #[error("too many calls are being served: repeat the call a little later")]
    Overloaded {
        /// Calls of the connection that were refused just before, one after the other.
        refused: u32,
    },
    /// The caller has as many of something open as one caller may.
    #[error("the caller has its share of {of} at once: end some, or repeat the call later")]
    OverShare {
        /// A word for what it is: `calls`, `streams`, `probes`.
        of: &'static str,
        /// Calls of the connection that were refused just before, one after the other.
        refused: u32,
    },
    /// As many runs of the caller wait as one caller may have waiting.
    #[error("{most} {kind} runs of the caller wait, as many as may: wait for one, or cancel some")]
    RunsWaiting {
        /// The name of their kind.
        kind: &'static str,
        /// How many may wait.
        most: u32,
    },
    /// The client sends or reads too slowly.
    #[error("the client took too long to send the message, or to read the answer: send it whole")]
    ClientSlow,
    /// The process is about to stop, and the call cannot go on here.
    #[error("the process stops: resume on another, or here when it is back")]
    Draining,
    /// Nothing was sent on a stream for too long.
    #[error("the stream was silent for too long: resume it when there is something to send")]
    StreamIdle,
    /// The request cannot be read as the message of its method.
    #[error("the request cannot be read as the message of its method: generate the client anew")]
    Malformed,
    /// The request is larger than what is read.
    #[error("the request is larger than what is read at once: send less")]
    TooLarge,
    /// There is no such method.
    #[error("there is no such method: generate the client from the contract of this version")]
    UnknownMethod,
    /// The service exists, in another process.
    #[error("this process does not serve {service}: call the address of the role that does")]
    NotServed {
        /// The full name of the service.
        service: String,
    },
    /// A fault of ours; the caller is told nothing of the cause, the log has it.
    #[error("internal error")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl Fault {
    /// A fault of ours, with its cause for the log.
    pub fn internal(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Internal(cause.into())
    }

    /// Whether the same call may succeed when it is repeated.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Conflict | Self::Unavailable)
    }
}

/// What is wrong with a message of a caller, by what the transport says of it in words of its own,
/// or our layer in ours.
pub fn of_message(status: &Status) -> Option<Fault> {
    match reason(status) {
        Some(ErrorReason::ClientSlow) => return Some(Fault::ClientSlow),
        Some(ErrorReason::MalformedMessage) => return Some(Fault::Malformed),
        Some(ErrorReason::ShareExhausted) => {
            return Some(Fault::OverShare { of: "bytes", refused: 0 });
        }
        _ => {}
    }
    const BROKEN: [&str; 4] = [
        "failed to decode",
        "Missing request message",
        "protocol error: received message with",
        "Unexpected EOF decoding stream",
    ];
    if !status.details().is_empty() {
        return None;
    }
    let says = |start: &&str| status.message().starts_with(*start);
    match status.code() {
        Code::Internal if BROKEN.iter().any(says) => Some(Fault::Malformed),
        Code::OutOfRange if status.message().contains("message length too large") => {
            Some(Fault::TooLarge)
        }
        _ => None,
    }
}

fn denial(missing: &[Scope]) -> String {
    match missing {
        [] => "nobody may call this method".to_owned(),
        _ => format!("the caller lacks the scope(s) {}", words(missing)),
    }
}

/// Scopes as they stand in a token: `read personal-data`.
fn words(scopes: &[Scope]) -> String {
    let words: Vec<&str> = scopes.iter().map(|scope| scope.as_str()).collect();
    words.join(" ")
}

/// What `work` comes to; a panic in it is a fault like any other, so that whoever does one piece
/// of work after the other goes on. The panic hook has logged where it was.
pub async fn contain<T>(work: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
    // Nothing half done is kept: state is in the database, whose transactions roll back.
    let outcome = AssertUnwindSafe(work).catch_unwind().await;
    outcome.unwrap_or_else(|_| Err(Fault::internal("the work panicked")))
}

impl From<kehu_storage::Error> for Fault {
    fn from(error: kehu_storage::Error) -> Self {
        use kehu_storage::Error;
        match error {
            Error::NotFound { kind, name } => Self::NotFound { kind, name },
            Error::AlreadyExists { kind, name } => Self::Exists { kind, name },
            Error::Conflict(_) | Error::LeaseLost { .. } => Self::Conflict,
            Error::Unavailable(_) => Self::Unavailable,
            Error::EtagMismatch { name } => Self::EtagMismatch { name },
            Error::Refused { condition, subject, description } => {
                Self::Precondition { kind: condition, subject, description }
            }
            Error::RunsWaiting { kind, most } => Self::RunsWaiting { kind, most },
            Error::NewerFormat { what, .. } => Self::NewerFormat { what },
            error @ (Error::Corrupt(_) | Error::Database(_)) => Self::internal(error),
        }
    }
}
