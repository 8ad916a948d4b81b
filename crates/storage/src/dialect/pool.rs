//! Connections, each borrowed for one statement or one transaction.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use sea_orm::sqlx::pool::PoolConnection;
use sea_orm::sqlx::{self, Database};
use sea_orm::{ConnAcquireErr, DbErr, RuntimeErr};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, TryAcquireError};

use super::measure;

/// A connection that was used less than this ago is taken for alive.
const FRESH: Duration = Duration::from_secs(1);
/// Now and then sqlx looks at a connection's age, however much it is used.
const STINT: Duration = Duration::from_secs(60);

/// A pool that keeps the connections in use at hand. sqlx's own, which opens them and looks after
/// those that rest, asks each whether it is alive whenever it is taken and whenever it comes back:
/// two more round trips for every statement.
pub(super) struct Pool<DB: Database>(Arc<Shared<DB>>);

struct Shared<DB: Database> {
    /// What metrics call it.
    name: &'static str,
    pool: sqlx::Pool<DB>,
    /// One for each connection: sqlx's pool does not know of those at hand that they are free.
    places: Arc<Semaphore>,
    /// The one used last at the end; `None` once the pool is closed.
    at_hand: Mutex<Option<Vec<Resting<DB>>>>,
}

struct Resting<DB: Database> {
    connection: PoolConnection<DB>,
    /// When sqlx gave it.
    taken: Instant,
    since: Instant,
}

/// A borrowed connection. Dropped it goes back to sqlx, which makes sure that it is in order.
pub(super) struct Held<DB: Database> {
    connection: PoolConnection<DB>,
    taken: Instant,
    shared: Arc<Shared<DB>>,
    _place: OwnedSemaphorePermit,
}

impl<DB: Database> Pool<DB> {
    pub(super) fn new(name: &'static str, pool: sqlx::Pool<DB>) -> Self {
        let places = Arc::new(Semaphore::new(most(&pool).min(Semaphore::MAX_PERMITS)));
        let shared = Arc::new(Shared { name, pool, places, at_hand: Mutex::new(Some(Vec::new())) });
        let watched = Arc::downgrade(&shared);
        measure::watch(name, move || watched.upgrade().map(|shared| shared.in_use()));
        Self(shared)
    }

    /// sqlx's pool with all connections that are free.
    pub(super) fn sqlx(&self) -> sqlx::Pool<DB> {
        drop(self.0.at_hand().as_mut().map(std::mem::take));
        self.0.pool.clone()
    }

    /// How many connections there may be.
    pub(super) fn size(&self) -> usize {
        most(&self.0.pool)
    }

    pub(super) async fn acquire(&self) -> Result<Held<DB>, DbErr> {
        let asked = Instant::now();
        let place = self.0.place().await.map_err(DbErr::ConnectionAcquire)?;
        let at_hand = self.0.take();
        let (connection, taken) = match at_hand {
            Some(resting) => (resting.connection, resting.taken),
            None => (self.0.pool.acquire().await.map_err(not_acquired)?, Instant::now()),
        };
        measure::waited(self.0.name, asked.elapsed());
        Ok(Held { connection, taken, shared: Arc::clone(&self.0), _place: place })
    }

    /// Waits for the connections in use and closes them all.
    pub(super) async fn close(&self) {
        self.0.places.close();
        drop(self.0.at_hand().take());
        self.0.pool.close().await;
    }
}

impl<DB: Database> Shared<DB> {
    fn in_use(&self) -> measure::Use {
        let most = most(&self.pool);
        measure::Use { used: most.saturating_sub(self.places.available_permits()), most }
    }

    /// The right to a connection, when there is one to be had.
    async fn place(&self) -> Result<OwnedSemaphorePermit, ConnAcquireErr> {
        match Arc::clone(&self.places).try_acquire_owned() {
            Ok(place) => return Ok(place),
            Err(TryAcquireError::Closed) => return Err(ConnAcquireErr::ConnectionClosed),
            Err(TryAcquireError::NoPermits) => {}
        }
        let timeout = self.pool.options().get_acquire_timeout();
        match tokio::time::timeout(timeout, Arc::clone(&self.places).acquire_owned()).await {
            Ok(Ok(place)) => Ok(place),
            Ok(Err(_)) => Err(ConnAcquireErr::ConnectionClosed),
            Err(_) => Err(ConnAcquireErr::Timeout),
        }
    }

    fn at_hand(&self) -> MutexGuard<'_, Option<Vec<Resting<DB>>>> {
        self.at_hand.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The connection used last; those that have rested too long go back to sqlx.
    fn take(&self) -> Option<Resting<DB>> {
        let mut at_hand = self.at_hand();
        let resting = at_hand.as_mut()?;
        let stale = resting.partition_point(|one| one.since.elapsed() >= FRESH);
        resting.drain(..stale);
        resting.pop()
    }
}

impl<DB: Database> Held<DB> {
    pub(super) fn connection(&mut self) -> &mut DB::Connection {
        &mut self.connection
    }

    /// Keeps the connection, of which it is known that it is in order, at hand for the next one.
    pub(super) fn keep(self) {
        let Self { connection, taken, shared, _place } = self;
        if taken.elapsed() >= STINT {
            return;
        }
        if let Some(at_hand) = shared.at_hand().as_mut() {
            at_hand.push(Resting { connection, taken, since: Instant::now() });
        }
    }

    /// Closes the connection at once.
    pub(super) fn close(self) {
        drop(self.connection.detach());
    }
}

/// sqlx takes connections back in a task, for which there may be no runtime any more.
impl<DB: Database> Drop for Shared<DB> {
    fn drop(&mut self) {
        let at_hand = self.at_hand().take();
        for resting in at_hand.into_iter().flatten() {
            drop(resting.connection.detach());
        }
    }
}

fn most<DB: Database>(pool: &sqlx::Pool<DB>) -> usize {
    usize::try_from(pool.options().get_max_connections()).unwrap_or(usize::MAX)
}

fn not_acquired(error: sqlx::Error) -> DbErr {
    match error {
        sqlx::Error::PoolTimedOut => DbErr::ConnectionAcquire(ConnAcquireErr::Timeout),
        sqlx::Error::PoolClosed => DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed),
        error => DbErr::Conn(RuntimeErr::SqlxError(Arc::new(error))),
    }
}

impl<DB: Database> Clone for Pool<DB> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<DB: Database> fmt::Debug for Pool<DB> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Pool").field(&self.0.pool).finish()
    }
}

impl<DB: Database> fmt::Debug for Held<DB> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Held").finish_non_exhaustive()
    }
}
