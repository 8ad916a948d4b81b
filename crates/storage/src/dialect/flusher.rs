//! Bringing commits to disk, many at a time: on PostgreSQL, where each would otherwise keep its
//! connection until the disk has answered. SQLite has one writer, and nothing to gather.

use std::sync::atomic::{AtomicU64, Ordering};

use sea_orm::{ConnectionTrait, DbErr};
use tokio::sync::Mutex;

use super::postgres;

/// A commit that waits for the disk; with it everything that was committed before is there.
const FLUSH: &str = "SELECT pg_logical_emit_message(true, 'kehu', '')";

/// Whoever has committed waits until a flush that began after that is through, and begins one when
/// there is none.
#[derive(Debug, Default)]
pub(crate) struct Flusher {
    begun: AtomicU64,
    /// The last flush that is through; who holds it flushes.
    done: Mutex<u64>,
}

impl Flusher {
    /// Returns when everything is on disk that was committed before the call.
    pub(crate) async fn flush(&self, pool: &postgres::Pool) -> Result<(), DbErr> {
        let begun_before = self.begun.load(Ordering::SeqCst);
        let mut done = self.done.lock().await;
        if *done > begun_before {
            return Ok(());
        }
        let this = self.begun.fetch_add(1, Ordering::SeqCst) + 1;
        pool.execute_unprepared(FLUSH).await?;
        *done = this;
        Ok(())
    }
}
