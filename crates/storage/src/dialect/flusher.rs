//! Bringing commits to disk, many at a time: on PostgreSQL, where each would otherwise keep its
//! connection until the disk has answered. SQLite has one writer, and nothing to gather.

use std::io::ErrorKind;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use sea_orm::DbErr;
use sea_orm::sqlx::{self, Connection as _, Executor as _, Postgres};
use tokio::sync::OwnedMutexGuard;

use super::busy::Busy;
use super::driver::failed;
use super::postgres;

/// A commit that waits for the disk; with it everything that was committed before is there.
const FLUSH: &str = "SELECT pg_logical_emit_message(true, 'kehu', '')";

/// A connection that answered less than this ago is taken for alive.
const FRESH: Duration = Duration::from_secs(1);

/// Whoever has committed waits until a flush that began after that is through, and begins one when
/// there is none. All flushes go by one connection, which was open before the commit and is at the
/// flush: a server that broke down in between, and lost what was not on disk, has closed it. Another
/// connection would find the server up again, and flush nothing.
#[derive(Debug, Default)]
pub(crate) struct Flusher {
    begun: AtomicU64,
    /// The number of the connection that was last seen alive, and when.
    seen: Arc<Mutex<Option<(u64, Instant)>>>,
    state: Arc<tokio::sync::Mutex<State>>,
}

/// Who has it flushes.
#[derive(Debug, Default)]
struct State {
    /// The last flush that is through.
    done: u64,
    /// The number of the connection, one more with each.
    number: u64,
    /// `None` before it is opened, and after it was lost.
    connection: Option<Busy<Postgres>>,
}

/// What was alive before a commit.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Witness(u64);

impl Flusher {
    /// To be asked for before a commit that is to be flushed.
    pub(crate) async fn witness(&self, pool: &postgres::Pool) -> Result<Witness, DbErr> {
        let seen = *lock(&self.seen);
        if let Some((number, at)) = seen
            && at.elapsed() < FRESH
        {
            return Ok(Witness(number));
        }
        let mut state = self.state.lock().await;
        if let Some(mut connection) = state.connection.take()
            && connection.connection().ping().await.is_ok()
        {
            state.connection = Some(connection);
        } else {
            state.connection = Some(pool.busy().await?);
            state.number += 1;
        }
        *lock(&self.seen) = Some((state.number, Instant::now()));
        Ok(Witness(state.number))
    }

    /// Returns when everything is on disk that was committed before the call, and after `witness`
    /// was asked for. After an error nobody knows what became of it.
    pub(crate) async fn flush(&self, Witness(number): Witness) -> Result<(), DbErr> {
        let begun_before = self.begun.load(Ordering::SeqCst);
        let mut state = Arc::clone(&self.state).lock_owned().await;
        if state.number != number {
            return Err(lost());
        }
        if state.done > begun_before {
            return Ok(());
        }
        let Some(connection) = state.connection.take() else { return Err(lost()) };
        let this = self.begun.fetch_add(1, Ordering::SeqCst) + 1;
        // In a task: others rely on it, too, whatever becomes of this call.
        let flushed = tokio::spawn(flush(state, connection, this, Arc::clone(&self.seen))).await;
        flushed.unwrap_or_else(|_| Err(lost()))
    }

    /// Closes the connection.
    pub(crate) async fn close(&self) {
        drop(self.state.lock().await.connection.take());
    }
}

async fn flush(
    mut state: OwnedMutexGuard<State>,
    mut connection: Busy<Postgres>,
    this: u64,
    seen: Arc<Mutex<Option<(u64, Instant)>>>,
) -> Result<(), DbErr> {
    if let Err(error) = connection.connection().execute(FLUSH).await {
        *lock(&seen) = None;
        return Err(failed(error));
    }
    state.connection = Some(connection);
    state.done = this;
    *lock(&seen) = Some((state.number, Instant::now()));
    Ok(())
}

fn lost() -> DbErr {
    failed(sqlx::Error::Io(ErrorKind::BrokenPipe.into()))
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}
