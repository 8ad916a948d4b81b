//! Deletes what has been kept long enough.

use chrono::{DateTime, Utc};
use kehu_server::{clock, config::Retention};
use kehu_storage::{Database, Error, change_log, coding::changes, idempotency, ingestion};
use std::time::Duration;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

/// How often it is looked.
const INTERVAL: Duration = Duration::from_secs(3600);

/// Deletes from time to time what is older than `retention` says, until `stop`. Every process does
/// it; who comes second finds nothing.
pub(crate) async fn keep(db: Database, retention: Retention, stop: CancellationToken) {
    let delete = async {
        loop {
            match delete(&db, &retention, clock::now()).await {
                Ok(0) => {}
                Ok(count) => tracing::info!(count, "deleted what was kept long enough"),
                Err(error) => tracing::warn!(%error, "cannot delete what was kept long enough"),
            }
            sleep(INTERVAL).await;
        }
    };
    tokio::select! {
        () = delete => {}
        () = stop.cancelled() => {}
    }
}

/// Deletes what is too old now; returns how many rows.
async fn delete(db: &Database, retention: &Retention, now: DateTime<Utc>) -> Result<u64, Error> {
    let mut deleted = idempotency::purge(db, now - retention.requests).await?;
    deleted += change_log::trim(db, now - retention.change_log).await?;
    deleted += changes::trim(db, now - retention.change_log).await?;
    deleted += ingestion::purge_rejects(db, now - retention.rejects).await?;
    deleted += ingestion::purge_streams(db, now - retention.streams).await?;
    Ok(deleted)
}
