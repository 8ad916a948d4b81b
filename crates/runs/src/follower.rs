//! Followers: each turns the changes of one service into work of the next.

use crate::measure::measure_backlog;
use async_trait::async_trait;
use kehu_server::{Fault, fault, telemetry::traces};
use kehu_storage::{
    Database,
    change_log::{self, Change, Topic},
};
use std::{sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, field::Empty};

/// Changes handed to a follower at once.
const BATCH: u64 = 64;
/// How often to look without a wake-up.
const POLL: Duration = Duration::from_secs(5);
/// How long to wait after a fault.
const RETRY: Duration = Duration::from_secs(1);

/// From where to where a consumer's cursor goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CursorMove {
    /// The position it stands at.
    pub from: i64,
    /// The position of the last change that was handed over.
    pub to: i64,
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
/// cursor stays where it is.
pub async fn follow(db: Database, follower: Arc<dyn Follower>, stop: CancellationToken) {
    let follower = follower.as_ref();
    tokio::select! {
        () = follow_until(&db, follower, &stop) => {}
        () = measure_backlog(&db, follower.consumer(), follower.topic()) => {}
    }
}

async fn follow_until(db: &Database, follower: &dyn Follower, stop: &CancellationToken) {
    let mut changes = db.changed();
    while !stop.is_cancelled() {
        if catch_up(db, follower, stop).await.is_err() {
            tokio::time::sleep(RETRY).await;
            continue;
        }
        tokio::select! {
            () = changes.wait(POLL) => {}
            () = stop.cancelled() => {}
        }
    }
}

async fn catch_up(
    db: &Database,
    follower: &dyn Follower,
    stop: &CancellationToken,
) -> Result<(), Fault> {
    while !stop.is_cancelled() {
        let (from, changes) =
            waiting(db, follower).await.inspect_err(|fault| log(follower, fault))?;
        let Some(last) = changes.last() else { return Ok(()) };
        let cursor = CursorMove { from, to: last.position };
        apply(follower, &changes, cursor).await?;
    }
    Ok(())
}

/// Where the cursor stands, and the changes after it.
async fn waiting(db: &Database, follower: &dyn Follower) -> Result<(i64, Vec<Change>), Fault> {
    let from = change_log::cursor(db, follower.consumer()).await?;
    let changes = change_log::read(db, follower.topic(), from, BATCH).await?;
    Ok((from, changes))
}

/// Has the follower apply a batch, in a span that follows from what made the changes.
async fn apply(
    follower: &dyn Follower,
    changes: &[Change],
    cursor: CursorMove,
) -> Result<(), Fault> {
    let consumer = follower.consumer();
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
    traces::follow_from(&span, changes.iter().filter_map(|change| change.traceparent.as_deref()));
    let applied = fault::contain(follower.apply(changes, cursor)).instrument(span.clone()).await;
    applied.inspect_err(|fault| {
        span.record("otel.status_code", "error");
        span.in_scope(|| log(follower, fault));
    })
}

fn log(follower: &dyn Follower, fault: &Fault) {
    let consumer = follower.consumer();
    if matches!(fault, Fault::Conflict) {
        // Another replica follows too, and was quicker.
        tracing::debug!(consumer, "the changes were followed by another process");
        return;
    }
    tracing::warn!(consumer, %fault, cause = ?fault, "following failed");
}
