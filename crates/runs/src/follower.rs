//! Followers: each turns the changes of one service into work of the next.

use async_trait::async_trait;
use kehu_server::Fault;
use kehu_storage::{
    Database,
    change_log::{self, Change, Topic},
};
use std::{sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;

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
    let mut changes = db.changed();
    while !stop.is_cancelled() {
        let wait = match catch_up(&db, follower.as_ref(), &stop).await {
            Ok(()) => POLL,
            Err(fault) => {
                let consumer = follower.consumer();
                tracing::warn!(consumer, %fault, cause = ?fault, "following failed");
                tokio::time::sleep(RETRY).await;
                continue;
            }
        };
        tokio::select! {
            () = changes.wait(wait) => {}
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
        let from = change_log::cursor(db, follower.consumer()).await?;
        let changes = change_log::read(db, follower.topic(), from, BATCH).await?;
        let Some(last) = changes.last() else { return Ok(()) };
        let to = last.position;
        follower.apply(&changes, CursorMove { from, to }).await?;
    }
    Ok(())
}
