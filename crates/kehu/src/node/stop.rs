//! How a process ends: not ready, a pause, streams resume elsewhere, open calls finish, leases
//! are given back, telemetry is flushed. A second signal ends it at once.

use super::{Serving, Shell};
use crate::exit::Failure;
use std::time::Duration;
#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::{
    task::{JoinError, JoinHandle},
    time::{Instant, sleep, timeout, timeout_at},
};

/// How long the connections to the database may take to close.
const CLOSE: Duration = Duration::from_secs(2);

/// How long those who watch health or read metrics may take to let go.
const BESIDE: Duration = Duration::from_millis(500);

impl Serving {
    /// Serves until the process is told to stop, then drains.
    pub(crate) async fn until_stopped(mut self, mut signals: Signals) -> Result<(), Failure> {
        tokio::select! {
            ended = &mut self.api => return served(ended),
            () = signals.next() => tracing::info!("stopping; a second signal ends the process at once"),
        }
        tokio::select! {
            drained = self.drain() => drained,
            () = signals.next() => Err(Failure::Interrupted),
        }
    }

    /// Ends the process in order.
    pub(crate) async fn drain(self) -> Result<(), Failure> {
        self.draining.cancel();
        self.readiness.await.map_err(Failure::internal)?;
        self.shell.health.set_ready(false).await;
        sleep(self.shell.settings.drain_delay).await;
        self.stop.cancel();
        let grace = Instant::now() + self.shell.settings.drain_grace;
        let (api, ()) = tokio::join!(finish(grace, self.api), async {
            for task in self.background {
                if let Some(Err(error)) = finish(grace, task).await {
                    tracing::error!(%error, "a worker or follower broke down");
                }
            }
        });
        match timeout(CLOSE, self.opened.close()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "the database was not closed"),
            Err(_) => tracing::warn!("connections to the database were still in use"),
        }
        self.shell.end().await;
        api.map_or(Ok(()), served)
    }
}

impl Shell {
    /// Ends what stands beside the API, for which nobody is waited for long, and flushes telemetry.
    pub(super) async fn end(self) {
        self.end.cancel();
        let grace = Instant::now() + BESIDE;
        for task in self.beside {
            if let Some(Ok(Err(error))) = finish(grace, task).await {
                tracing::warn!(%error, "a listener beside the API failed");
            }
        }
        if let Err(error) = self.telemetry.shutdown().await {
            tracing::warn!(%error, "telemetry was not flushed");
        }
    }
}

/// What became of a task, or `None` when it had to be ended at the time of `grace`.
async fn finish<T>(grace: Instant, mut task: JoinHandle<T>) -> Option<Result<T, JoinError>> {
    let outcome = timeout_at(grace, &mut task).await.ok();
    if outcome.is_none() {
        tracing::warn!("what was open after the grace period was ended");
        task.abort();
    }
    outcome
}

fn served(
    ended: Result<Result<(), kehu_server::listener::Error>, JoinError>,
) -> Result<(), Failure> {
    ended.map_err(Failure::internal)?.map_err(Failure::internal)
}

/// What tells the process to stop: SIGTERM, or SIGINT of a terminal. It is heard from the time on
/// that this is made, so that no signal is lost between two waits.
pub(crate) struct Signals {
    #[cfg(unix)]
    terminate: Signal,
    #[cfg(unix)]
    interrupt: Signal,
}

impl Signals {
    /// Listens from now on.
    pub(crate) fn listen() -> Result<Self, Failure> {
        #[cfg(unix)]
        let listen = |kind| signal(kind).map_err(Failure::internal);
        Ok(Self {
            #[cfg(unix)]
            terminate: listen(SignalKind::terminate())?,
            #[cfg(unix)]
            interrupt: listen(SignalKind::interrupt())?,
        })
    }

    /// Returns when the process is told to stop, again each time.
    pub(super) async fn next(&mut self) {
        #[cfg(unix)]
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
        // Without signals there is only the terminal; an error means that nobody can tell.
        #[cfg(not(unix))]
        let _ = tokio::signal::ctrl_c().await;
    }
}
