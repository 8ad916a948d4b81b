//! Waiting for what comes by itself.

use std::time::{Duration, Instant};

/// How long a machine with more to do may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(240);
/// How often to look.
const POLL: Duration = Duration::from_millis(20);

/// Waits until `holds` says so; fails after some minutes, with `what` did not come.
pub async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let began = Instant::now();
    while !holds().await {
        assert!(began.elapsed() < PATIENCE, "it did not come in {PATIENCE:?}: {what}");
        tokio::time::sleep(POLL).await;
    }
}
