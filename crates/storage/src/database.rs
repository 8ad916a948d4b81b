//! The connections to the database, transactions, and the wake-up after a commit.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use sea_orm::{ConnectionTrait, DbBackend, DbErr, ExecResult, QueryResult, Statement};
use sea_orm_migration::MigratorTrait;
use tokio::sync::{OnceCell, Semaphore, SemaphorePermit, watch};

use crate::Error;
use crate::change_log::Lately;
use crate::coding::taxonomies::TaxonomyVersion;
use crate::dialect::{
    self, CHANGE_CHANNEL, Connections, FOLLOWED_CHANNEL, RUN_CHANNEL, Reader, Signal, Signals,
};
use crate::faults::Faults;
use crate::identity;
use crate::lookup;
use crate::migrations::Migrator;
use crate::pauses::{Pauses, Point};
use crate::published::Published;
use crate::scoring::scores::Ready;
use crate::writes::Writes;

/// How to connect.
#[derive(Debug, Clone)]
pub struct Options {
    /// The most connections to PostgreSQL. SQLite has one writer and a few readers whatever
    /// stands here.
    pub max_connections: u32,
    /// PostgreSQL ends a statement that takes longer.
    pub statement_timeout: Duration,
    /// PostgreSQL ends a statement that waits longer for another transaction
    /// ([`Error::Conflict`]).
    pub lock_timeout: Duration,
    /// PostgreSQL closes a connection whose transaction does nothing for longer.
    pub idle_timeout: Duration,
    /// How long to wait for a free connection (and on SQLite for another process's lock)
    /// before the answer is [`Error::Unavailable`] (or [`Error::Conflict`]).
    pub acquire_timeout: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            max_connections: 10,
            statement_timeout: Duration::from_secs(120),
            lock_timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_secs(60),
            acquire_timeout: Duration::from_secs(60),
        }
    }
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, NonZeroUsize::get)
}

/// A database. Cheap to clone; all clones share the connections.
#[derive(Debug, Clone)]
pub struct Database {
    connections: Arc<Connections>,
    signals: Signals,
    listener: Arc<dialect::Listener>,
    notifier: Arc<dialect::Notifier>,
    pauses: Pauses,
    faults: Faults,
    aggregates: Arc<Semaphore>,
    pub(crate) identity: Arc<OnceCell<String>>,
    pub(crate) considered: Arc<Lately>,
    pub(crate) live: Arc<lookup::Lately>,
    pub(crate) scorers: Arc<Published<Ready>>,
    pub(crate) taxonomies: Arc<Published<TaxonomyVersion>>,
}

impl Database {
    /// Connects with the default [`Options`]. `url` is `sqlite:///path/to/kehu.db` (the file
    /// and its folders are created) or `postgres://user:password@host:port/database`.
    pub async fn connect(url: &str) -> Result<Self, Error> {
        Self::connect_with(url, &Options::default()).await
    }

    /// Connects; see [`Database::connect`].
    pub async fn connect_with(url: &str, options: &Options) -> Result<Self, Error> {
        let connections = Arc::new(dialect::open(url, options).await?);
        let listener = Arc::new(dialect::Listener::new(url));
        let aggregates = cores().min(connections.readers() / 2).max(1);
        Ok(Self {
            connections,
            signals: Signals::default(),
            listener,
            notifier: Arc::default(),
            pauses: Pauses::default(),
            faults: Faults::default(),
            aggregates: Arc::new(Semaphore::new(aggregates)),
            identity: Arc::default(),
            considered: Arc::default(),
            live: Arc::default(),
            scorers: Arc::default(),
            taxonomies: Arc::default(),
        })
    }

    /// The same database, for somebody who is held at every [`Point`].
    #[cfg(all(feature = "pauses", debug_assertions))]
    pub fn held(&self, pauses: Pauses) -> Self {
        Self { pauses, ..self.clone() }
    }

    /// The same database, for somebody whose transactions go wrong as planned.
    #[cfg(all(feature = "pauses", debug_assertions))]
    pub fn faulty(&self, faults: Faults) -> Self {
        Self { faults, ..self.clone() }
    }

    /// Holds a test's transaction here; nothing in a build for use.
    pub(crate) async fn reach(&self, point: Point) {
        self.pauses.reach(point).await;
    }

    pub(crate) fn writes(&self) -> &Writes {
        self.connections.writes()
    }

    /// Brings the tables up to date, in one transaction, one process at a time. After an error the
    /// connections are closed: it is not known how that one stands.
    pub async fn migrate(&self) -> Result<(), Error> {
        let migrated = self.migrate_once().await;
        if migrated.is_err() {
            self.connections.close().await;
        }
        migrated
    }

    async fn migrate_once(&self) -> Result<(), Error> {
        let transaction = self.connections.begin_migration().await?;
        dialect::lock_migrations(&transaction).await?;
        Migrator::up(&transaction, None).await?;
        identity::give(&transaction).await?;
        Ok(transaction.commit().await?)
    }

    /// The names of the migrations that [`Database::migrate`] would run; changes nothing.
    pub async fn pending_migrations(&self) -> Result<Vec<String>, Error> {
        let pending = Migrator::get_pending_migrations_read_only(&self.reader().sea_orm()).await?;
        Ok(pending.iter().map(|migration| migration.name().to_owned()).collect())
    }

    /// The right to add up the rows of everybody, first come, first served: neither all processors
    /// nor all connections are taken by that, so that who looks something up does not wait for it.
    pub(crate) async fn aggregate(&self) -> Result<SemaphorePermit<'_>, Error> {
        self.aggregates.acquire().await.map_err(|error| Error::Unavailable(error.to_string()))
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), Error> {
        self.reader().ping().await
    }

    /// The connections to read with. A write through them fails on SQLite.
    pub fn reader(&self) -> &Reader {
        self.connections.reader()
    }

    /// Starts a transaction that writes. On SQLite there is one at a time (the next waits), so
    /// keep it short, and never call what begins another while one is open.
    pub async fn begin(&self) -> Result<Transaction, Error> {
        self.reach(Point::Begin).await;
        let transaction = self.transaction(self.connections.begin(self.faults.clone()).await?);
        self.reach(Point::Begun).await;
        Ok(transaction)
    }

    /// Starts a transaction for a lease or a heartbeat, which must not append to the change log.
    /// On PostgreSQL it has connections of its own: with all others in use by long statements,
    /// leases are still kept.
    pub async fn begin_lease(&self) -> Result<Transaction, Error> {
        Ok(self.transaction(self.connections.begin_lease().await?))
    }

    fn transaction(&self, inner: dialect::Transaction) -> Transaction {
        Transaction {
            inner,
            database: self.clone(),
            appended: AtomicU32::new(0),
            runs_changed: AtomicBool::new(false),
            followed: AtomicBool::new(false),
        }
    }

    /// Wakes whoever waits for what was committed.
    fn committed(&self, wakes: &Wakes) {
        for (commits, signal, channel) in [
            (wakes.changes, &self.signals.changes, CHANGE_CHANNEL),
            (wakes.runs, &self.signals.runs, RUN_CHANNEL),
            (wakes.followed, &self.signals.followed, FOLLOWED_CHANNEL),
        ] {
            if commits {
                dialect::fire(signal);
                self.notifier.committed(&self.connections, channel);
            }
        }
    }

    /// A wake-up after each commit that appended to the change log, in this process and, on
    /// PostgreSQL, in any other.
    pub fn changed(&self) -> Changes {
        self.waiter(&self.signals.changes)
    }

    /// A wake-up after each commit that may have given work on a run, or ended one, in this
    /// process and, on PostgreSQL, in any other.
    pub fn runs_changed(&self) -> Changes {
        self.waiter(&self.signals.runs)
    }

    /// A wake-up after each commit with which a consumer of the change log went on, in this process
    /// and, on PostgreSQL, in any other.
    pub fn followed(&self) -> Changes {
        self.waiter(&self.signals.followed)
    }

    fn waiter(&self, signal: &Signal) -> Changes {
        self.listener.start(&self.signals);
        Changes { signal: signal.subscribe() }
    }

    /// Waits for the connections in use and closes them all.
    pub async fn close(&self) -> Result<(), Error> {
        self.listener.stop();
        self.notifier.stop();
        self.connections.close().await;
        Ok(())
    }
}

/// What wakes somebody after commits of a kind.
#[derive(Debug)]
pub struct Changes {
    signal: watch::Receiver<u64>,
}

impl Changes {
    /// Returns when something was committed since the last call, at the latest after `poll`
    /// (a notification can be lost; what counts is the database itself).
    pub async fn wait(&mut self, poll: Duration) {
        let woken = tokio::time::timeout(poll, self.signal.changed()).await;
        if let Ok(Err(_)) = woken {
            // The sender lives in the database; when that is gone there is nothing to wait for.
            tokio::time::sleep(poll).await;
        }
    }
}

/// A transaction that writes; dropped without [`Transaction::commit`] it is rolled back. A call
/// of it that is dropped midway ends it, and so may an error of one: then its connection is closed,
/// and nothing that comes later has part in it. An error of its commit leaves open what became of
/// it.
#[derive(Debug)]
pub struct Transaction {
    inner: dialect::Transaction,
    database: Database,
    /// Changes appended to the change log.
    appended: AtomicU32,
    runs_changed: AtomicBool,
    /// A consumer of the change log has gone on.
    followed: AtomicBool,
}

/// What a commit wakes.
struct Wakes {
    changes: bool,
    runs: bool,
    followed: bool,
}

impl Transaction {
    /// Makes everything that was written durable and visible, then wakes the consumers of the
    /// change log if something was appended to it, and the workers if there may be work on runs.
    pub async fn commit(self) -> Result<(), Error> {
        self.database.reach(Point::Commit).await;
        let wakes = self.wakes();
        self.inner.commit().await?;
        self.database.committed(&wakes);
        Ok(())
    }

    /// The same for many small transactions at once, which go to disk together: their connections
    /// are free meanwhile. Others may see what was written before it is on disk. What they make of
    /// it gets there after it, so that nothing is left of it without it; but an answer that was
    /// read from it may be, so this is not for what is given out once.
    pub async fn commit_together(self) -> Result<(), Error> {
        self.commit_ahead().await?.durable().await
    }

    /// The first half of it: the transaction is done, and may be followed by others, before it is
    /// on disk.
    pub async fn commit_ahead(self) -> Result<Committed, Error> {
        self.database.reach(Point::Commit).await;
        let witness = self.database.connections.witness().await?;
        let wakes = self.wakes();
        self.inner.commit_unflushed().await?;
        self.database.committed(&wakes);
        Ok(Committed { database: self.database, witness })
    }

    /// Undoes everything; the same as dropping, but done when it returns.
    pub async fn rollback(self) -> Result<(), Error> {
        self.inner.rollback().await
    }

    /// Has the commit wake the workers on runs.
    pub(crate) fn mark_runs(&self) {
        self.runs_changed.store(true, Ordering::Relaxed);
    }

    /// Has the commit wake whoever waits for the consumers of the change log.
    pub(crate) fn mark_followed(&self) {
        self.followed.store(true, Ordering::Relaxed);
    }

    fn wakes(&self) -> Wakes {
        Wakes {
            changes: self.appended.load(Ordering::Relaxed) > 0,
            runs: self.runs_changed.load(Ordering::Relaxed),
            followed: self.followed.load(Ordering::Relaxed),
        }
    }

    /// The database's own.
    pub(crate) fn inner(&self) -> &dialect::Transaction {
        &self.inner
    }

    /// The number of the next change that it appends to the change log, from 0. Its commit wakes
    /// the consumers.
    pub(crate) fn next_append(&self) -> u32 {
        self.appended.fetch_add(1, Ordering::Relaxed)
    }
}

/// A transaction that is committed, and may not be on disk yet.
#[derive(Debug)]
#[must_use = "what was committed ahead is acknowledged once it is durable"]
pub struct Committed {
    database: Database,
    witness: Option<dialect::Witness>,
}

impl Committed {
    /// Returns when it is on disk. After an error nobody knows what became of it.
    pub async fn durable(self) -> Result<(), Error> {
        self.database.reach(Point::Flush).await;
        self.database.connections.flush(self.witness).await
    }
}

#[async_trait::async_trait]
impl ConnectionTrait for Transaction {
    fn get_database_backend(&self) -> DbBackend {
        self.inner.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.inner.execute_raw(statement).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.inner.execute_unprepared(sql).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.inner.query_one_raw(statement).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.inner.query_all_raw(statement).await
    }
}
