//! Failures as a person at a terminal, or a script, needs them: what went wrong, what to do,
//! and an exit code that means something.

use kehu_server::{config, fault};
use std::process::ExitCode;
use tonic::{Code, Status};
use tonic_types::StatusExt;

/// Why a command failed. The exit codes are those of `sysexits.h` where one fits.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// 64: the command line or the request is wrong.
    #[error("{0}")]
    Usage(String),
    /// 64: the configuration is wrong.
    #[error("{0}")]
    Config(#[from] config::Faulty),
    /// 65: the input is not what it should be.
    #[error("{0}")]
    Data(String),
    /// 66: the input cannot be read.
    #[error("cannot read {path}: {source}")]
    Input {
        /// The file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// 73: the output cannot be written.
    #[error("cannot write {path}: {source}")]
    Output {
        /// The file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// 1: a run failed or was cancelled.
    #[error("{0}")]
    Run(String),
    /// What a service answered: 3 when something does not exist, 64 for an invalid request, 69
    /// when it cannot be reached, 75 when the same call may succeed later, 70 for the rest.
    #[error("{}", describe(.0))]
    Call(Box<Status>),
    /// 69: the server cannot be reached or the database cannot be opened.
    #[error("{0}")]
    Unavailable(String),
    /// 130: a second signal came while the process was stopping.
    #[error("ended at once, before open calls had finished")]
    Interrupted,
    /// 70: a fault of ours.
    #[error("internal error: {0}")]
    Internal(Box<dyn std::error::Error + Send + Sync>),
}

impl Failure {
    /// A fault of ours.
    pub(crate) fn internal(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Internal(cause.into())
    }

    /// The exit code.
    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Run(_) => 1,
            Self::Usage(_) | Self::Config(_) => 64,
            Self::Data(_) => 65,
            Self::Input { .. } => 66,
            Self::Unavailable(_) => 69,
            Self::Internal(_) => 70,
            Self::Output { .. } => 73,
            Self::Interrupted => 130,
            Self::Call(status) => code_of(status.code()),
        })
    }
}

impl From<Status> for Failure {
    fn from(status: Status) -> Self {
        Self::Call(Box::new(status))
    }
}

fn code_of(code: Code) -> u8 {
    match code {
        Code::NotFound => 3,
        Code::InvalidArgument
        | Code::OutOfRange
        | Code::FailedPrecondition
        | Code::AlreadyExists => 64,
        // Unimplemented: the address of another role, or of an older server.
        Code::Unavailable | Code::DeadlineExceeded | Code::Unimplemented => 69,
        Code::Aborted | Code::ResourceExhausted | Code::Cancelled => 75,
        Code::PermissionDenied | Code::Unauthenticated => 77,
        Code::Ok | Code::Unknown | Code::Internal | Code::DataLoss => 70,
    }
}

/// The status with every violation on a line of its own.
fn describe(status: &Status) -> String {
    let mut text = match fault::reason(status) {
        Some(_) => status.message().to_owned(),
        None => format!("{}: {}", status.code(), status.message()),
    };
    let violations = status.get_details_bad_request().map(|details| details.field_violations);
    if let Some(violations) = violations.filter(|violations| violations.len() > 1) {
        text = "the request has several faults".to_owned();
        for violation in violations {
            text.push_str(&format!("\n  {}: {}", violation.field, violation.description));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use kehu_server::{Fault, Violation};

    #[test]
    fn every_violation_is_shown() {
        let violation =
            |field: &str| Violation { field: field.into(), description: "is empty".into() };
        let status = Status::from(Fault::Invalid(vec![violation("a"), violation("b")]));
        let text = Failure::from(status).to_string();
        assert_eq!(text, "the request has several faults\n  a: is empty\n  b: is empty");
    }

    #[test]
    fn exit_codes_tell_what_to_do() {
        for (status, code) in [
            (Status::not_found("x"), 3),
            (Status::invalid_argument("x"), 64),
            (Status::unavailable("x"), 69),
            (Status::internal("x"), 70),
            (Status::aborted("x"), 75),
        ] {
            let exit = format!("{:?}", Failure::from(status).exit_code());
            assert_eq!(exit, format!("{:?}", ExitCode::from(code)));
        }
    }
}
