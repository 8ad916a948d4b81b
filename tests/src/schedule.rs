//! Several at work on one database, each moved on and held at the test's command: what comes
//! before what is stated, not left to luck.
//!
//! ```ignore
//! let schedule = Schedule::on(test);
//! let mut run = schedule.actor("run", async move |db| …);
//! run.until(Point::Facts).await;   // it has not read yet
//! …
//! run.finish().await;
//! ```

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use kehu_storage::Database;
use kehu_storage::pauses::{Arrival, Pauses, Point};
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::task::JoinHandle;

use crate::TestDatabase;
use crate::patience::PATIENCE;

/// How often to look whether somebody waits for a lock.
const POLL: Duration = Duration::from_millis(5);

/// Where an actor is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reached {
    /// At the point that was asked for.
    There,
    /// On the way to it, waiting for another's transaction. It goes on by itself once that ends.
    Waits,
}

/// The actors on one database.
pub struct Schedule {
    db: Database,
    actors: Arc<Mutex<Vec<State>>>,
}

/// What is known of an actor.
#[derive(Debug, Clone, Copy)]
struct State {
    name: &'static str,
    last: Option<Point>,
    waits: bool,
}

impl State {
    /// Whether it has a transaction open.
    fn inside(&self) -> bool {
        matches!(self.last, Some(Point::Begun | Point::Commit))
    }
}

impl Schedule {
    /// Nobody yet.
    pub fn on(test: &TestDatabase) -> Self {
        Self { db: test.database.clone(), actors: Arc::default() }
    }

    /// Somebody who does `work` with the database that it is given, and is held at the first
    /// point it comes to. Names are for messages.
    pub fn actor<T, F>(&self, name: &'static str, work: impl FnOnce(Database) -> F) -> Actor<T>
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        let (tell, arrivals) = unbounded_channel();
        let task = tokio::spawn(work(self.db.held(Pauses::new(tell))));
        let mut actors = lock(&self.actors);
        let place = actors.len();
        actors.push(State { name, last: None, waits: false });
        let (db, actors) = (self.db.clone(), self.actors.clone());
        Actor { db, actors, place, arrivals, held: None, task }
    }
}

/// Somebody at work. Dropped it is let go, wherever it is.
pub struct Actor<T> {
    db: Database,
    actors: Arc<Mutex<Vec<State>>>,
    place: usize,
    arrivals: UnboundedReceiver<Arrival>,
    held: Option<Arrival>,
    task: JoinHandle<T>,
}

impl<T> Actor<T> {
    /// Lets it go on until it comes to a point, and holds it there; points before that are
    /// passed over.
    ///
    /// # Panics
    /// When it ends without coming there.
    pub async fn until(&mut self, point: Point) -> Reached {
        self.held = None;
        let began = Instant::now();
        loop {
            tokio::select! {
                biased;
                arrival = self.arrivals.recv() => {
                    let name = self.state().name;
                    let arrival = arrival.unwrap_or_else(|| panic!("{name} ends before {point:?}"));
                    self.note(Some(arrival.point), false);
                    if arrival.point == point {
                        self.held = Some(arrival);
                        return Reached::There;
                    }
                }
                () = tokio::time::sleep(POLL) => {
                    if self.is_kept_waiting().await {
                        return Reached::Waits;
                    }
                }
            }
            let actors = lock(&self.actors).clone();
            assert!(began.elapsed() < PATIENCE, "{point:?} was not reached: {actors:?}");
        }
    }

    /// Lets it go on to its end, and says what it came to. Who waits for another's transaction may
    /// get one of its own as soon as that ends: finish both at once.
    pub async fn finish(mut self) -> T {
        self.note(None, false);
        self.arrivals.close();
        while self.arrivals.try_recv().is_ok() {}
        self.held = None;
        let ended = tokio::time::timeout(PATIENCE, self.task).await;
        let ended = ended.unwrap_or_else(|_| panic!("it does not end: {:?}", lock(&self.actors)));
        ended.unwrap_or_else(|panicked| std::panic::resume_unwind(panicked.into_panic()))
    }

    /// Whether somebody else's transaction holds it up. On SQLite a writer that begins waits for
    /// the one that is open, which nothing shows; PostgreSQL says who waits for a lock.
    async fn is_kept_waiting(&self) -> bool {
        let others = lock(&self.actors).clone();
        let reader = self.db.reader();
        let waits = match reader.get_database_backend() {
            DbBackend::Postgres => {
                let known = others.iter().filter(|other| other.waits).count();
                waiting(&self.db).await > known
            }
            _ => {
                let begins = self.state().last == Some(Point::Begin);
                begins && others.iter().any(State::inside)
            }
        };
        if waits {
            self.note(self.state().last, true);
        }
        waits
    }

    fn state(&self) -> State {
        lock(&self.actors)[self.place]
    }

    fn note(&self, last: Option<Point>, waits: bool) {
        let state = &mut lock(&self.actors)[self.place];
        (state.last, state.waits) = (last, waits);
    }
}

/// How many clients of the database wait for another's transaction. Autovacuum may be at its tables,
/// too, and who makes a table longer waits a moment for whoever does the same.
async fn waiting(db: &Database) -> usize {
    let sql = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND \
               backend_type = 'client backend' AND wait_event_type = 'Lock' AND \
               wait_event <> 'extend'";
    let statement = Statement::from_string(DbBackend::Postgres, sql);
    let row = db.reader().query_one_raw(statement).await.expect("the server can be asked");
    let count: i64 = row.expect("a count is a row").try_get_by_index(0).expect("it is a number");
    usize::try_from(count).expect("it is not negative")
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}
