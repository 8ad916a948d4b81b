//! Runs: long work that survives the replicas that do it.
//!
//! A run is a row, and its work is cut into pieces, each a row too. Piece 0 is its preparation:
//! whoever [`lease`]s it fixes what the run works with ([`pin`]) and then [`cut`]s the customers
//! of that moment into pieces, mostly ranges of ids, which stay what they are. From there on any
//! number of workers, in any number of processes, lease the pieces, tell by [`heartbeat`] that they are
//! alive, and commit each with its results ([`finish_partition`]). Who finds nothing left ends the
//! run ([`succeed`]). When heartbeats stop, another worker takes the piece over; finished ones are
//! not done again. Everything a worker writes is guarded by its [`Lease`], so one that lost it
//! can write nothing.
//!
//! The ranges touch each other and end with the last customer of the moment of the cut; pieces in
//! the order of first references list theirs ([`customers`]). Who appears later is not of the
//! run: the followers of the change log deal with whoever is new, because what the run works with
//! was pinned before it was cut. Ids that go leave their piece with fewer customers, and change
//! nothing else.
//!
//! Callers take turns at each kind, however many runs each of them has in its queue ([`queue`]).
//!
//! A run is given up when its pieces are taken [`MAX_ATTEMPTS`] times without the run getting on;
//! as long as any piece is finished in between, it may be taken as often as there are crashes.

mod finish;
mod lease;
mod look;
mod order;
mod partition;
mod parts;
mod pins;
mod queue;
mod retract;
mod start;
mod trim;

use chrono::{DateTime, NaiveDate, Utc};

use crate::entity::run;
use crate::{Error, time};

pub use finish::{Retry, cancelled, cut, fail, finish_partition, give_back, give_up, succeed};
pub use lease::{HeartbeatOutcome, Lease, heartbeat, lease, phase};
pub use look::{Look, look};
pub use order::customers;
pub use partition::{Partition, partitions};
pub use parts::{keep_part, parts};
pub use pins::{Following, Pin, following, pin, pins};
pub use retract::{open_on, retracted};
pub use start::{RunFilter, ask, cancel, get, is_known, list, start};
pub use trim::trim;

/// How often a piece of a run is taken, the run not getting on meanwhile, before it fails for
/// good.
pub const MAX_ATTEMPTS: i32 = 3;

/// A kind of run, and how its runs are worked on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    /// Its name: lower case, in the contract, in metrics and in the database.
    pub name: &'static str,
    /// How its runs are cut into pieces.
    pub cut: Cut,
    /// The kinds that it builds on: a run waits for the end, whatever it is, of the runs of these
    /// that were asked for before it, by its own caller or by nobody. Of other callers it waits for
    /// those whose turn it was when it was asked for.
    pub after: &'static [&'static str],
}

/// How a run is cut into pieces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// Into ranges of customers, done in any order, several at a time.
    Ranges,
    /// Into pieces of customers in the order of their first references, done one after the other;
    /// who is of which piece is kept, see [`customers`].
    InOrder,
    /// Not at all: one piece, of every customer.
    Whole,
}

/// How far a run is. A running one with `cancel_requested` is being cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RunState {
    /// Waits for a worker.
    Queued,
    /// Workers have pieces of it, or had them until their leases expire.
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
    /// What kind of run.
    pub kind: Kind,
    /// With what, as a [document](crate::document) of the service that does it.
    pub request: String,
    /// The date its results are of.
    pub as_of: Option<NaiveDate>,
    /// Customers of a partition; `None` leaves it to the worker that cuts the run.
    pub partition_size: Option<u32>,
    /// The client's id for this call, if it gave one.
    pub request_id: Option<String>,
    /// Who asks, by the name that sign-on knows; `None` where it is off.
    pub caller: Option<String>,
}

/// A run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Its number; in the contract `runs/7`.
    pub run_id: i64,
    /// The name of its kind.
    pub kind: String,
    /// How far it is.
    pub state: RunState,
    /// What it is doing now, in a word; empty before it starts.
    pub phase: String,
    /// With what, as a [document](crate::document) of the service that does it.
    pub request: String,
    /// The date its results are of.
    pub as_of: Option<NaiveDate>,
    /// Customers of a partition; `None` leaves it to the worker that cuts the run.
    pub partition_size: Option<u32>,
    /// How many customers are done.
    pub done: i64,
    /// For how many of them something else came out than before.
    pub changed: i64,
    /// How many there are to do; 0 while not known.
    pub total: i64,
    /// 0 until it is first taken up, then 1, and one more each time that a piece of it was taken
    /// up again after a crash or a fault.
    pub attempt: i32,
    /// Whether somebody asked to cancel it.
    pub cancel_requested: bool,
    /// Why it failed, or why the last attempt did.
    pub error: Option<RunError>,
    /// The client's id for the call that started it.
    pub request_id: Option<String>,
    /// Who asked for it; `None` where sign-on is off.
    pub caller: Option<String>,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// When a worker first took it.
    pub started_at: Option<DateTime<Utc>>,
    /// When it reached its final state.
    pub finished_at: Option<DateTime<Utc>>,
    /// The trace and span that it was asked for in, as a W3C `traceparent`; `None` outside one.
    pub traceparent: Option<String>,
    /// The run that took back what it found; `None` while that stands.
    pub retracted_by: Option<i64>,
}

impl TryFrom<run::Model> for Run {
    type Error = Error;

    fn try_from(row: run::Model) -> Result<Self, Error> {
        Ok(Self {
            run_id: row.run_id,
            kind: row.kind,
            state: RunState::of(row.state)?,
            phase: row.phase,
            request: row.request,
            as_of: row.as_of.map(time::date).transpose()?,
            partition_size: row.partition_size.and_then(|size| size.try_into().ok()),
            done: row.done,
            changed: row.changed,
            total: row.total,
            attempt: row.attempt,
            cancel_requested: row.cancel_requested,
            error: row.error_code.map(|code| RunError {
                code,
                reason: row.error_reason.unwrap_or_default(),
                message: row.error_message.unwrap_or_default(),
            }),
            request_id: row.request_id,
            caller: row.caller,
            created_at: time::instant(row.created_at)?,
            started_at: row.started_at.map(time::instant).transpose()?,
            finished_at: row.finished_at.map(time::instant).transpose()?,
            traceparent: row.traceparent,
            retracted_by: row.retracted_by,
        })
    }
}
