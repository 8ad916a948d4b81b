//! The open loop: calls begin when they are due, whatever becomes of earlier ones.

use crate::target::{Calls, Outcome};
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::Semaphore,
    task::JoinSet,
    time::{Instant, sleep_until},
};

/// Calls under way at once, so that memory is bounded; one more is not begun.
const MOST_UNDER_WAY: usize = 4_096;

/// An open loop that has stopped; calls may still be under way.
pub(crate) struct OpenLoop {
    /// When it began and stopped.
    pub began: Instant,
    pub stopped: Instant,
    calls: JoinSet<Call>,
}

/// A call that has ended.
pub(crate) struct Call {
    /// When it should have begun.
    pub due: Instant,
    pub ended: Instant,
    pub outcome: Outcome,
}

impl OpenLoop {
    /// Begins `rate` calls a second for `time`.
    pub(crate) async fn run(calls: &Calls, rate: f64, time: Duration) -> Self {
        let began = Instant::now();
        let places = Arc::new(Semaphore::new(MOST_UNDER_WAY));
        let mut under_way = JoinSet::new();
        for number in 0.. {
            let due = began + Duration::from_secs_f64(number as f64 / rate);
            if due >= began + time {
                break;
            }
            sleep_until(due).await;
            let Ok(place) = places.clone().try_acquire_owned() else { continue };
            let calls = calls.clone();
            under_way.spawn(async move {
                let outcome = calls.make(number).await;
                drop(place);
                Call { due, ended: Instant::now(), outcome }
            });
        }
        Self { began, stopped: Instant::now(), calls: under_way }
    }

    /// Waits for the calls under way, and returns all.
    pub(crate) async fn calls(self) -> Vec<Call> {
        self.calls.join_all().await
    }
}
