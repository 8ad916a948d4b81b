//! Runs: long work that survives the replica that does it.
//!
//! A run is a row. A worker [`lease`]s it, tells by [`heartbeat`] that it is alive, commits one
//! partition of customers after the other ([`finish_partition`], in the transaction of the
//! partition's results) and ends it with [`succeed`], [`fail`] or [`cancelled`]. When the
//! heartbeats stop another worker takes the run over and leaves out the partitions that are
//! done. Everything a worker writes is guarded by its [`Lease`], so one that lost it can write
//! nothing.

mod finish;
mod lease;
mod start;

use chrono::{DateTime, NaiveDate, Utc};

use crate::entity::run;
use crate::{Error, time};

pub use finish::{
    Retry, cancelled, fail, finish_partition, finished_partitions, give_back, succeed,
};
pub use lease::{HeartbeatOutcome, Lease, heartbeat, lease, progress};
pub use start::{cancel, get, list, start};

/// How often a run is tried before it fails for good.
pub const MAX_ATTEMPTS: i32 = 3;

/// What a run does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RunKind {
    /// Scores every customer under a scorecard.
    Scoring,
    /// Classifies every customer under a taxonomy.
    Classification,
    /// Gives codes to the customers without one.
    Coding,
}

impl RunKind {
    fn number(self) -> i32 {
        match self {
            RunKind::Scoring => 1,
            RunKind::Classification => 2,
            RunKind::Coding => 3,
        }
    }

    fn of(number: i32) -> Result<Self, Error> {
        match number {
            1 => Ok(RunKind::Scoring),
            2 => Ok(RunKind::Classification),
            3 => Ok(RunKind::Coding),
            _ => Err(Error::Corrupt(format!("{number} is no kind of run"))),
        }
    }
}

/// How far a run is. A running one with `cancel_requested` is being cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RunState {
    /// Waits for a worker.
    Queued,
    /// A worker has it, or had it until its lease expires.
    Running,
    /// Done.
    Succeeded,
    /// Given up; the error says why.
    Failed,
    /// Ended because somebody asked.
    Cancelled,
}

impl RunState {
    pub(crate) fn number(self) -> i32 {
        match self {
            RunState::Queued => 1,
            RunState::Running => 2,
            RunState::Succeeded => 3,
            RunState::Failed => 4,
            RunState::Cancelled => 5,
        }
    }

    fn of(number: i32) -> Result<Self, Error> {
        match number {
            1 => Ok(RunState::Queued),
            2 => Ok(RunState::Running),
            3 => Ok(RunState::Succeeded),
            4 => Ok(RunState::Failed),
            5 => Ok(RunState::Cancelled),
            _ => Err(Error::Corrupt(format!("{number} is no state of a run"))),
        }
    }

    /// Whether nothing will happen to the run any more.
    pub fn is_final(self) -> bool {
        matches!(self, RunState::Succeeded | RunState::Failed | RunState::Cancelled)
    }
}

/// Why a run failed, or why its last attempt did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunError {
    /// A number of `google.rpc.Code`.
    pub code: i32,
    /// A stable reason, upper case with underscores.
    pub reason: String,
    /// For people; no personal data.
    pub message: String,
}

/// A run to start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRun {
    /// What it does.
    pub kind: RunKind,
    /// With what, as JSON of the service that does it.
    pub request: String,
    /// The date its results are of.
    pub as_of: Option<NaiveDate>,
    /// The client's id for this call, if it gave one.
    pub request_id: Option<String>,
}

/// A run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Its number; in the contract `runs/7`.
    pub run_id: i64,
    /// What it does.
    pub kind: RunKind,
    /// How far it is.
    pub state: RunState,
    /// What it is doing now, in a word; empty before it starts.
    pub phase: String,
    /// With what, as JSON of the service that does it.
    pub request: String,
    /// The date its results are of.
    pub as_of: Option<NaiveDate>,
    /// How many customers are done.
    pub done: i64,
    /// How many there are to do; 0 while not known.
    pub total: i64,
    /// How many workers have had it, the present one included.
    pub attempt: i32,
    /// How many may.
    pub max_attempts: i32,
    /// Whether somebody asked to cancel it.
    pub cancel_requested: bool,
    /// Why it failed, or why the last attempt did.
    pub error: Option<RunError>,
    /// The client's id for the call that started it.
    pub request_id: Option<String>,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// When a worker first took it.
    pub started_at: Option<DateTime<Utc>>,
    /// When it reached its final state.
    pub finished_at: Option<DateTime<Utc>>,
    /// The trace and span that it was asked for in, as a W3C `traceparent`; `None` outside one.
    pub traceparent: Option<String>,
}

impl TryFrom<run::Model> for Run {
    type Error = Error;

    fn try_from(row: run::Model) -> Result<Self, Error> {
        Ok(Self {
            run_id: row.run_id,
            kind: RunKind::of(row.kind)?,
            state: RunState::of(row.state)?,
            phase: row.phase,
            request: row.request,
            as_of: row.as_of.map(time::date).transpose()?,
            done: row.done,
            total: row.total,
            attempt: row.attempt,
            max_attempts: row.max_attempts,
            cancel_requested: row.cancel_requested,
            error: row.error_code.map(|code| RunError {
                code,
                reason: row.error_reason.unwrap_or_default(),
                message: row.error_message.unwrap_or_default(),
            }),
            request_id: row.request_id,
            created_at: time::instant(row.created_at)?,
            started_at: row.started_at.map(time::instant).transpose()?,
            finished_at: row.finished_at.map(time::instant).transpose()?,
            traceparent: row.traceparent,
        })
    }
}
