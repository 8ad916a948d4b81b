//! Forgetting what is no longer needed.

use crate::worker::pause;
use kehu_server::clock;
use kehu_storage::{Database, run};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How often to look for what is too old.
const INTERVAL: Duration = Duration::from_secs(3600);

/// Forgets, now and every hour until `stop`, the runs that ended longer than `keep` ago, but for
/// those that say what is followed ([`run::trim`]). Several replicas do each other no harm.
pub async fn trim(db: Database, keep: Duration, stop: CancellationToken) {
    while !stop.is_cancelled() {
        match run::trim(&db, clock::now() - keep).await {
            Ok(0) => {}
            Ok(runs) => tracing::info!(runs, "old runs were forgotten"),
            Err(error) => tracing::warn!(%error, "old runs were not forgotten"),
        }
        pause(INTERVAL, &stop).await;
    }
}
