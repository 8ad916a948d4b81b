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

/// How often calls begin, those of a tick at once: waking up for each would take the machine more
/// time than the call.
const TICK: Duration = Duration::from_millis(10);

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
        for tick in 0..u32::try_from(time.as_nanos() / TICK.as_nanos()).unwrap_or(u32::MAX) {
            let due = began + tick * TICK;
            sleep_until(due).await;
            for number in calls_before(tick, rate)..calls_before(tick + 1, rate) {
                let Ok(place) = places.clone().try_acquire_owned() else { continue };
                let calls = calls.clone();
                under_way.spawn(async move {
                    let outcome = calls.make(number).await;
                    drop(place);
                    Call { due, ended: Instant::now(), outcome }
                });
            }
        }
        Self { began, stopped: Instant::now(), calls: under_way }
    }

    /// Waits for the calls under way, and returns all.
    pub(crate) async fn calls(self) -> Vec<Call> {
        self.calls.join_all().await
    }
}

/// How many calls begin before a tick.
fn calls_before(tick: u32, rate: f64) -> usize {
    (f64::from(tick) * TICK.as_secs_f64() * rate) as usize
}
