//! What can go wrong with storage, named for what the caller can do about it.

use std::fmt;

use sea_orm::DbErr;

use crate::dialect;

/// An error of this crate. Neither its text nor its debug form contains values of rows.
#[derive(thiserror::Error)]
pub enum Error {
    /// There is no such thing; ask for another.
    #[error("{kind} {name} does not exist")]
    NotFound {
        /// What was asked for: `customer`, `run` …
        kind: &'static str,
        /// Its name or number.
        name: String,
    },
    /// The thing is there already, and is not what was to be written.
    #[error("{kind} {name} already exists")]
    AlreadyExists {
        /// What was to be created.
        kind: &'static str,
        /// Its name or number.
        name: String,
    },
    /// Another transaction was quicker; do the whole transaction again.
    #[error("{0}")]
    Conflict(String),
    /// The thing changed since it was read; read it again.
    #[error("{name} changed since it was read")]
    EtagMismatch {
        /// Its name.
        name: String,
    },
    /// Something has to be done first.
    #[error("{description}")]
    Refused {
        /// A stable word for the condition: `DEFINITION_APPROVED`.
        condition: &'static str,
        /// What it is about: `scorecards/rfm`.
        subject: String,
        /// What to do.
        description: String,
    },
    /// The caller has as many runs of a kind waiting as one may have; wait until some begin.
    #[error("{most} runs of kind {kind} of this caller wait")]
    RunsWaiting {
        /// The name of the kind.
        kind: &'static str,
        /// How many may wait.
        most: u32,
    },
    /// What is stored was written by a program of a later release, which alone can read it.
    #[error("{what} needs a program that knows format {needed}; this one knows {known}")]
    NewerFormat {
        /// What it is: `scorecard rfm`.
        what: String,
        /// The format that must be known to read it.
        needed: u32,
        /// The format that this program knows.
        known: u32,
    },
    /// The lease of a run went to another worker (or the run has ended); stop working on it.
    #[error("the lease of run {run_id} is no longer held, stop working on it")]
    LeaseLost {
        /// The number of the run.
        run_id: i64,
    },
    /// The database cannot be reached or is too busy; try again later.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// What is stored cannot be understood; a person must look.
    #[error("what is stored is corrupt: {0}")]
    Corrupt(String),
    /// Anything else the database said.
    #[error(transparent)]
    Database(DbErr),
}

impl Error {
    /// Whether the same call may succeed when it is made again.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Error::Conflict(_) | Error::Unavailable(_))
    }

    /// A [`Error::NotFound`].
    pub fn not_found(kind: &'static str, name: impl ToString) -> Self {
        Error::NotFound { kind, name: name.to_string() }
    }

    /// A [`Error::AlreadyExists`].
    pub fn already_exists(kind: &'static str, name: impl ToString) -> Self {
        Error::AlreadyExists { kind, name: name.to_string() }
    }
}

/// What PostgreSQL adds in its detail ("failing row contains …") is in the debug form of
/// [`DbErr`]; it may be personal and must not come into a log by way of `{:?}`.
impl fmt::Debug for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let variant = match self {
            Error::NotFound { .. } => "NotFound",
            Error::AlreadyExists { .. } => "AlreadyExists",
            Error::Conflict(_) => "Conflict",
            Error::EtagMismatch { .. } => "EtagMismatch",
            Error::Refused { .. } => "Refused",
            Error::RunsWaiting { .. } => "RunsWaiting",
            Error::NewerFormat { .. } => "NewerFormat",
            Error::LeaseLost { .. } => "LeaseLost",
            Error::Unavailable(_) => "Unavailable",
            Error::Corrupt(_) => "Corrupt",
            Error::Database(_) => "Database",
        };
        write!(formatter, "{variant}({self})")
    }
}

impl From<DbErr> for Error {
    fn from(error: DbErr) -> Self {
        dialect::classify(error)
    }
}
