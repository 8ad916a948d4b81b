//! Hearing of commits in other processes: LISTEN on PostgreSQL, nothing on SQLite.

use std::fmt;
use std::sync::Mutex;
use std::time::Duration;

use sea_orm::sqlx;
use sea_orm::sqlx::postgres::PgListener;
use tokio::sync::watch;
use tokio::task::AbortHandle;

use super::{CHANGE_CHANNEL, FOLLOWED_CHANNEL, RUN_CHANNEL};

/// How long to wait before connecting again; consumers poll meanwhile.
const RECONNECT: Duration = Duration::from_secs(5);

/// What is woken after commits, here and in other processes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Signals {
    /// After each that appended to the change log.
    pub(crate) changes: Signal,
    /// After each that gave work on a run, or ended one.
    pub(crate) runs: Signal,
    /// After each with which a consumer of the change log went on.
    pub(crate) followed: Signal,
}

/// Counts commits of a kind.
pub(crate) type Signal = watch::Sender<u64>;

impl Signals {
    /// Each with the channel on which other processes tell of it.
    fn channels(&self) -> [(&'static str, &Signal); 3] {
        [
            (CHANGE_CHANNEL, &self.changes),
            (RUN_CHANNEL, &self.runs),
            (FOLLOWED_CHANNEL, &self.followed),
        ]
    }
}

/// Wakes whoever waits for the signal.
pub(crate) fn fire(signal: &Signal) {
    signal.send_modify(|commits| *commits += 1);
}

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

    /// Has the signals fire for commits in other processes. Does nothing when already started.
    pub(crate) fn start(&self, signals: &Signals) {
        let Some(url) = &self.url else { return };
        let mut task = self.task.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if task.is_none() {
            let listening = tokio::spawn(listen_always(url.clone(), signals.clone()));
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

async fn listen_always(url: String, signals: Signals) {
    loop {
        if let Err(error) = listen(&url, &signals).await {
            tracing::warn!(%error, "lost the notifications of the database, polling meanwhile");
        }
        tokio::time::sleep(RECONNECT).await;
    }
}

async fn listen(url: &str, signals: &Signals) -> Result<(), sqlx::Error> {
    let channels = signals.channels();
    let mut listener = PgListener::connect(url).await?;
    listener.listen_all(channels.map(|(channel, _)| channel)).await?;
    // Something may have been missed before.
    channels.iter().for_each(|(_, signal)| fire(signal));
    loop {
        let heard = listener.try_recv().await?;
        // `None` is a lost and restored connection: something may have been missed, so wake.
        let heard = heard.as_ref().map(|notification| notification.channel());
        for (_, signal) in
            channels.iter().filter(|(channel, _)| heard.is_none_or(|it| it == *channel))
        {
            fire(signal);
        }
    }
}
