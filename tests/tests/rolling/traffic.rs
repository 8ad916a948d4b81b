//! Steady calls, and how they end.

use std::{
    collections::BTreeMap,
    fmt::Display,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{task::JoinSet, time::sleep};
use tokio_util::sync::CancellationToken;

/// How long a caller waits between two calls.
const PAUSE: Duration = Duration::from_millis(30);

/// Callers, one for each kind of call.
#[derive(Default)]
pub(crate) struct Traffic {
    ledger: Arc<Mutex<Ledger>>,
    callers: JoinSet<()>,
    stop: CancellationToken,
}

#[derive(Default)]
struct Ledger {
    /// How often each kind of call was answered.
    answered: BTreeMap<&'static str, usize>,
    failed: Vec<String>,
}

impl Ledger {
    fn note<T, E: Display>(&mut self, kind: &'static str, outcome: Result<T, E>) {
        let answered = self.answered.entry(kind).or_default();
        match outcome {
            Ok(_) => *answered += 1,
            Err(error) => self.failed.push(format!("{kind}: {error}")),
        }
    }
}

impl Traffic {
    /// Has a call made by `client` again and again until all is stopped; `request` is told how
    /// many went before.
    pub(crate) fn repeat<C, R, A, T, E>(
        &mut self,
        kind: &'static str,
        client: C,
        request: impl Fn(u64) -> R + Send + 'static,
        call: impl Fn(C, R) -> A + Send + 'static,
    ) where
        C: Clone + Send + Sync + 'static,
        R: Send,
        A: Future<Output = Result<T, E>> + Send,
        T: Send,
        E: Display + Send,
    {
        let (ledger, stop) = (self.ledger.clone(), self.stop.clone());
        self.callers.spawn(async move {
            for number in 0.. {
                if stop.is_cancelled() {
                    return;
                }
                let outcome = call(client.clone(), request(number)).await;
                ledger.lock().unwrap().note(kind, outcome);
                sleep(PAUSE).await;
            }
        });
    }

    /// How often each kind of call was answered since the start.
    pub(crate) fn answered(&self) -> BTreeMap<&'static str, usize> {
        self.ledger.lock().unwrap().answered.clone()
    }

    /// Lets the calls under way end, and returns how often each kind was answered. Fails if one
    /// ever failed.
    pub(crate) async fn stop(self) -> BTreeMap<&'static str, usize> {
        self.stop.cancel();
        self.callers.join_all().await;
        let ledger = self.ledger.lock().unwrap();
        let failed = &ledger.failed;
        assert!(failed.is_empty(), "{} calls failed:\n{}", failed.len(), failed.join("\n"));
        ledger.answered.clone()
    }
}
