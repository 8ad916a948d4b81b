//! Followers: each turns the changes of one service into work of the next.

use crate::{measure::measure_backlog, worker::pause};
use async_trait::async_trait;
use kehu_server::{Fault, aside, clock, fault, telemetry::traces};
use kehu_storage::{
    Database,
    change_log::{self, Change, Position, Topic},
};
use std::{sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, field::Empty};

/// Changes handed to a follower at once, and how many customers they concern at most, unless the
/// first change alone concerns more.
const BATCH: u64 = 64;
const CUSTOMERS: usize = 20_000;
/// How often to look without a wake-up.
const POLL: Duration = Duration::from_secs(60);
/// How long to wait for a writer that is open beside changes that are committed.
const OPEN_WRITER: Duration = Duration::from_millis(20);
/// How long to wait after a fault, or for another replica.
const RETRY: Duration = Duration::from_secs(1);
/// How long the lease of a cursor holds, and how often a replica at work renews it.
const LEASE: Duration = Duration::from_secs(5);
const RENEWAL: Duration = Duration::from_secs(1);

/// From where to where a consumer's cursor goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CursorMove {
    /// The position it stands at.
    pub from: Position,
    /// The position of the last change that was handed over.
    pub to: Position,
}

/// Follows the changes of one topic.
#[async_trait]
pub trait Follower: Send + Sync {
    /// Name of its cursor.
    fn consumer(&self) -> &'static str;

    /// The topic it follows.
    fn topic(&self) -> Topic;

    /// Does what follows from `changes` and moves the cursor with
    /// [`change_log::advance`], in one transaction: then each change takes effect exactly once.
    async fn apply(&self, changes: &[Change], cursor: CursorMove) -> Result<(), Fault>;
}

/// Hands changes to `follower`, in order, until `stop`. A fault is logged and tried again: the
/// cursor stays where it is. What only a later release can read leaves the cursor to its replicas:
/// to go on without it would be to lose the changes for it. Of several replicas one is at work at a time: `owner` names this one
/// in leases.
pub async fn follow(
    db: Database,
    follower: Arc<dyn Follower>,
    owner: String,
    stop: CancellationToken,
) {
    let replica = Replica { db, follower, owner };
    tokio::select! {
        () = replica.follow(&stop) => replica.give_back().await,
        () = measure_backlog(&replica.db, replica.consumer(), replica.follower.topic()) => {}
    }
}

/// A follower in this process, beside those in others.
struct Replica {
    db: Database,
    follower: Arc<dyn Follower>,
    owner: String,
}

impl Replica {
    async fn follow(&self, stop: &CancellationToken) {
        let mut changes = self.db.changed();
        while !stop.is_cancelled() {
            match self.step(stop).await {
                Ok(Step::Applied) => {}
                Ok(Step::CaughtUp) => tokio::select! {
                    () = changes.wait(POLL) => {}
                    () = stop.cancelled() => {}
                },
                Ok(Step::HeldUp) => pause(OPEN_WRITER, stop).await,
                Err(Fault::NewerFormat { .. }) => {
                    self.give_back().await;
                    pause(POLL, stop).await;
                }
                Ok(Step::LeftToAnother) | Err(_) => pause(RETRY, stop).await,
            }
        }
    }

    /// Applies the next changes, if this replica is the one at work; at `stop` it gives them up, and
    /// another applies them. Faults are logged.
    async fn step(&self, stop: &CancellationToken) -> Result<Step, Fault> {
        let (from, changes) = self.waiting().await.inspect_err(|fault| self.log(fault))?;
        let Some(last) = changes.last() else {
            let held_up = change_log::waits(&self.db, self.follower.topic(), from).await?;
            return Ok(if held_up { Step::HeldUp } else { Step::CaughtUp });
        };
        if !self.lease().await.inspect_err(|fault| self.log(fault))? {
            return Ok(Step::LeftToAnother);
        }
        let cursor = CursorMove { from, to: last.position };
        tokio::select! {
            applied = self.apply(&changes, cursor) => applied.map(|()| Step::Applied),
            () = self.keep() => Ok(Step::LeftToAnother),
            () = stop.cancelled() => Ok(Step::LeftToAnother),
        }
    }

    /// Where the cursor stands, and the changes after it, as many as are done at once.
    async fn waiting(&self) -> Result<(Position, Vec<Change>), Fault> {
        let from = change_log::cursor(&self.db, self.consumer()).await?;
        let mut changes = change_log::read(&self.db, self.follower.topic(), from, BATCH).await?;
        changes.truncate(at_once(&changes));
        Ok((from, changes))
    }

    /// Has the follower apply a batch, in a span that follows from what made the changes.
    async fn apply(&self, changes: &[Change], cursor: CursorMove) -> Result<(), Fault> {
        let consumer = self.consumer();
        let span = tracing::info_span!(
            "follow",
            otel.name = format!("follow {consumer}"),
            otel.kind = "consumer",
            otel.status_code = Empty,
            messaging.system = "kehu",
            messaging.operation.name = "follow",
            "messaging.operation.type" = "process",
            messaging.consumer.group.name = consumer,
            messaging.batch.message_count = changes.len(),
        );
        let causes = changes.iter().filter_map(|change| change.traceparent.as_deref());
        traces::follow_from(&span, causes);
        let applied = fault::contain(self.follower.apply(changes, cursor));
        let applied = applied.instrument(span.clone()).await;
        applied.inspect_err(|fault| {
            span.record("otel.status_code", "error");
            span.in_scope(|| self.log(fault));
        })
    }

    /// Whether this replica is the one at work.
    async fn lease(&self) -> Result<bool, Fault> {
        let (consumer, now) = (self.consumer(), clock::now());
        Ok(change_log::lease_cursor(&self.db, consumer, &self.owner, now, LEASE).await?)
    }

    /// Renews the lease until another has it.
    async fn keep(&self) {
        loop {
            tokio::time::sleep(RENEWAL).await;
            match self.lease().await {
                Ok(true) => {}
                Ok(false) => return,
                Err(fault) => self.log(&fault),
            }
        }
    }

    async fn give_back(&self) {
        let given = change_log::give_back_cursor(&self.db, self.consumer(), &self.owner).await;
        if let Err(error) = given {
            tracing::warn!(%error, "the lease of a cursor was not given back");
        }
    }

    fn consumer(&self) -> &'static str {
        self.follower.consumer()
    }

    fn log(&self, fault: &Fault) {
        let consumer = self.consumer();
        if matches!(fault, Fault::Conflict) {
            // Another replica believed that it had the lease, and was quicker.
            tracing::debug!(consumer, "the changes were followed by another process");
            return;
        }
        if let Fault::NewerFormat { what } = fault {
            aside::leave(&format!("{what}, followed by {consumer}"));
            return;
        }
        tracing::warn!(consumer, %fault, cause = ?fault, "following failed");
    }
}

/// How many of the changes are done in one transaction.
fn at_once(changes: &[Change]) -> usize {
    let mut customers = 0;
    let fits = |change: &&Change| {
        customers += change.customers.len();
        customers <= CUSTOMERS
    };
    changes.iter().take_while(fits).count().max(1)
}

/// What came of a look at the change log.
enum Step {
    /// Changes were applied; there may be more.
    Applied,
    /// There are none.
    CaughtUp,
    /// There are some, beside a writer that is open still.
    HeldUp,
    /// Another replica is at work.
    LeftToAnother,
}

#[cfg(test)]
mod tests {
    use super::*;
    use kehu_core::CustomerId;

    fn change(customers: i64) -> Change {
        let day = "2011-12-09".parse().unwrap();
        Change {
            position: Position::START,
            topic: Topic::Facts,
            customers: (0..customers).map(CustomerId).collect(),
            first_day: day,
            last_day: day,
            as_of: None,
            recorded_at: clock::now(),
            traceparent: None,
            cause: Position::START,
        }
    }

    #[test]
    fn what_is_done_at_once_is_bounded() {
        for (changes, expected) in [
            (vec![5_000; 64], 4),
            (vec![1; 64], 64),
            (vec![50_000, 1], 1),
            (vec![1, 50_000], 1),
            (vec![10_000, 10_000, 0, 1], 3),
        ] {
            let changes: Vec<Change> = changes.into_iter().map(change).collect();
            assert_eq!(at_once(&changes), expected);
        }
    }
}
