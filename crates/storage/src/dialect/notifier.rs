//! Telling other processes of commits: NOTIFY on PostgreSQL, nothing on SQLite.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use sea_orm::ConnectionTrait;
use tokio::sync::Notify;
use tokio::task::AbortHandle;

use super::connections::{Connections, Transaction};
use crate::Error;

/// How long at least from one notification to the next: one tells of many commits.
const PAUSE: Duration = Duration::from_millis(10);

/// Notifies in a transaction of its own, after the commit: PostgreSQL lets one transaction that
/// notifies commit at a time, so that writers would queue at each other's fsync. A notification
/// that is lost costs a consumer the time until it looks by itself.
#[derive(Debug, Default)]
pub(crate) struct Notifier {
    due: Arc<Due>,
    task: Mutex<Option<AbortHandle>>,
}

/// The channels on which there is something to tell.
#[derive(Debug, Default)]
struct Due {
    channels: Mutex<BTreeSet<&'static str>>,
    wake: Notify,
}

impl Due {
    fn channels(&self) -> MutexGuard<'_, BTreeSet<&'static str>> {
        self.channels.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl Notifier {
    /// Has the other processes told of a commit, on a channel.
    pub(crate) fn committed(&self, connections: &Arc<Connections>, channel: &'static str) {
        if matches!(**connections, Connections::Sqlite { .. }) {
            return;
        }
        let mut task = self.task.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if task.is_none() {
            let notifying = tokio::spawn(notify_always(Arc::clone(connections), self.due.clone()));
            *task = Some(notifying.abort_handle());
        }
        self.due.channels().insert(channel);
        self.due.wake.notify_one();
    }

    /// Ends the task.
    pub(crate) fn stop(&self) {
        let task = self.task.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).take();
        if let Some(task) = task {
            task.abort();
        }
    }
}

impl Drop for Notifier {
    fn drop(&mut self) {
        self.stop();
    }
}

async fn notify_always(connections: Arc<Connections>, due: Arc<Due>) {
    loop {
        due.wake.notified().await;
        let channels = std::mem::take(&mut *due.channels());
        if let Err(error) = notify(&connections, channels).await {
            tracing::debug!(%error, "other processes were not told of a commit, they poll");
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn notify(connections: &Connections, channels: BTreeSet<&'static str>) -> Result<(), Error> {
    let transaction: Transaction = connections.begin_lease().await?;
    // Nothing is written that would have to be on disk.
    let mut sql = "SET LOCAL synchronous_commit TO off".to_owned();
    for channel in channels {
        sql.push_str("; NOTIFY ");
        sql.push_str(channel);
    }
    transaction.execute_unprepared(&sql).await?;
    transaction.commit().await
}
