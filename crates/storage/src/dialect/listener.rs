//! Hearing of commits in other processes: LISTEN on PostgreSQL, nothing on SQLite.

use std::fmt;
use std::sync::Mutex;
use std::time::Duration;

use sea_orm::sqlx;
use sea_orm::sqlx::postgres::PgListener;
use tokio::sync::watch;
use tokio::task::AbortHandle;

use super::{CHANGE_CHANNEL, RUN_CHANNEL};

/// How long to wait before connecting again; consumers poll meanwhile.
const RECONNECT: Duration = Duration::from_secs(5);

/// Listens on a connection of its own from the first [`Listener::start`] until it is dropped.
pub(crate) struct Listener {
    /// `None` where there is nothing to listen to.
    url: Option<String>,
    task: Mutex<Option<AbortHandle>>,
}

impl Listener {
    pub(crate) fn new(url: &str) -> Self {
        let url = (!url.starts_with("sqlite:")).then(|| url.to_owned());
        Self { url, task: Mutex::new(None) }
    }

    /// Has the signals fire: `changes` for each commit that appended to the change log, `runs`
    /// for each that gave work on a run. Does nothing when already started.
    pub(crate) fn start(&self, changes: &watch::Sender<u64>, runs: &watch::Sender<u64>) {
        let Some(url) = &self.url else { return };
        let mut task = self.task.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if task.is_none() {
            let listening = tokio::spawn(listen_always(url.clone(), changes.clone(), runs.clone()));
            *task = Some(listening.abort_handle());
        }
    }

    /// Ends the task and its connection.
    pub(crate) fn stop(&self) {
        let task = self.task.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).take();
        if let Some(task) = task {
            task.abort();
        }
    }
}

/// Without the URL: there may be a password in it.
impl fmt::Debug for Listener {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Listener").finish_non_exhaustive()
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.stop();
    }
}

async fn listen_always(url: String, changes: watch::Sender<u64>, runs: watch::Sender<u64>) {
    loop {
        if let Err(error) = listen(&url, &changes, &runs).await {
            tracing::warn!(%error, "lost the notifications of the database, polling meanwhile");
        }
        tokio::time::sleep(RECONNECT).await;
    }
}

async fn listen(
    url: &str,
    changes: &watch::Sender<u64>,
    runs: &watch::Sender<u64>,
) -> Result<(), sqlx::Error> {
    let mut listener = PgListener::connect(url).await?;
    listener.listen_all([CHANGE_CHANNEL, RUN_CHANNEL]).await?;
    let fire = |signal: &watch::Sender<u64>| signal.send_modify(|commits| *commits += 1);
    // Something may have been missed before.
    fire(changes);
    fire(runs);
    loop {
        let heard = listener.try_recv().await?;
        // `None` is a lost and restored connection: something may have been missed, so wake.
        let channel = heard.as_ref().map(|notification| notification.channel());
        if channel.is_none_or(|channel| channel == CHANGE_CHANNEL) {
            fire(changes);
        }
        if channel.is_none_or(|channel| channel == RUN_CHANNEL) {
            fire(runs);
        }
    }
}
