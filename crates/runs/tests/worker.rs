//! Workers on runs: woken, side by side, told to stop.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails it by panicking")]

use async_trait::async_trait;
use kehu_runs::{Job, RunContext, Worker, trim};
use kehu_server::{Fault, clock};
use kehu_storage::{
    Database, Transaction,
    change_log::{self, Position, Topic},
    run::{self, Cut, Kind, NewRun, Run, RunState},
};
use kehu_tests::{changes::change, customers, each_database, until};
use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::sync::Barrier;
use tokio_util::sync::CancellationToken;

/// So rarely that a test which waits for it fails.
const NEVER: Duration = Duration::from_secs(3600);

const KIND: Kind = Kind { name: "counting", cut: Cut::Ranges, after: &[] };

fn new_run(kind: &Kind) -> NewRun {
    NewRun {
        kind: *kind,
        request: "{}".to_owned(),
        as_of: None,
        partition_size: Some(2),
        request_id: None,
        caller: None,
    }
}

async fn queue(db: &Database, kind: &Kind) -> i64 {
    run::start(db, &new_run(kind), clock::now()).await.unwrap().run_id
}

async fn ended(db: &Database, run_id: i64) -> Run {
    until("the end of the run", async || run::get(db, run_id).await.unwrap().state.is_final())
        .await;
    run::get(db, run_id).await.unwrap()
}

/// Never ends, and hears of nothing.
#[derive(Default)]
struct Deaf {
    begun: AtomicBool,
}

#[async_trait]
impl Job for Deaf {
    fn kind(&self) -> Kind {
        KIND
    }

    async fn execute(&self, _: &RunContext) -> Result<(), Fault> {
        self.begun.store(true, Ordering::SeqCst);
        std::future::pending().await
    }
}

#[tokio::test]
async fn a_run_is_given_back_even_if_its_job_does_not_let_go() {
    each_database(async |test| {
        let db = &test.database;
        let run_id = queue(db, &KIND).await;
        let (job, stop) = (Arc::new(Deaf::default()), CancellationToken::new());
        let worker = Worker::new(db.clone(), job.clone(), "first".to_owned());
        let worker = tokio::spawn(worker.work(stop.clone()));
        until("the run begun", async || job.begun.load(Ordering::SeqCst)).await;
        let lease = async |owner| {
            let ttl = Duration::from_secs(10);
            run::lease(db, run_id, &KIND, owner, clock::now(), ttl).await.unwrap()
        };
        assert!(lease("second").await.is_none(), "two have the run");
        stop.cancel();
        worker.await.unwrap();
        assert!(lease("second").await.is_some(), "the run was not given back");
    })
    .await;
}

/// Does nothing with customers but to count them.
struct Counting {
    db: Database,
    kind: Kind,
    /// All who meet here must be at a piece at the same time.
    meeting: Option<Arc<Barrier>>,
    pieces: Mutex<Vec<i32>>,
}

impl Counting {
    fn new(db: &Database, kind: Kind, meeting: Option<Arc<Barrier>>) -> Arc<Self> {
        Arc::new(Self { db: db.clone(), kind, meeting, pieces: Mutex::default() })
    }

    fn start(self: &Arc<Self>, owner: &str, stop: &CancellationToken) {
        let worker = Worker::new(self.db.clone(), self.clone(), owner.to_owned()).poll(NEVER);
        tokio::spawn(worker.work(stop.clone()));
    }
}

#[async_trait]
impl Job for Counting {
    fn kind(&self) -> Kind {
        self.kind
    }

    async fn execute(&self, context: &RunContext) -> Result<(), Fault> {
        while let Some(partition) = context.next().await? {
            self.pieces.lock().unwrap().push(partition.number);
            if let Some(meeting) = &self.meeting {
                meeting.wait().await;
            }
            let transaction = self.db.begin().await?;
            context.finish_partition(&transaction, &partition, 2, 1).await?;
            transaction.commit().await?;
        }
        Ok(())
    }

    async fn complete(&self, _: &Run, transaction: &Transaction) -> Result<(), Fault> {
        change_log::append(transaction, &change(Topic::Facts)).await?;
        Ok(())
    }
}

/// Workers that look once and then only when they are woken: by a run that is started, by one
/// that was cut, and by the end of one that another waits for; in this process or another.
#[tokio::test]
async fn workers_are_woken() {
    const AFTER: Kind = Kind { name: "after", cut: Cut::Whole, after: &["counting"] };
    each_database(async |test| {
        let db = &test.database;
        customers(db, 1..=3).await;
        let elsewhere = match test.kind {
            "postgres" => Database::connect(&test.url).await.unwrap(),
            _ => db.clone(),
        };
        let stop = CancellationToken::new();
        Counting::new(db, KIND, None).start("a", &stop);
        Counting::new(db, AFTER, None).start("b", &stop);
        // Time to look, and to find nothing.
        tokio::time::sleep(Duration::from_millis(300)).await;
        let first = queue(&elsewhere, &KIND).await;
        let second = queue(&elsewhere, &AFTER).await;
        let run = ended(db, second).await;
        assert_eq!((run.state, run.done, run.changed), (RunState::Succeeded, 2, 1));
        let before = run::get(db, first).await.unwrap();
        assert!(before.finished_at <= run.started_at, "it did not wait: {before:?} {run:?}");
        stop.cancel();
    })
    .await;
}

/// Three workers in two processes are at three pieces of one run at the same time, and each piece
/// is done once.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn workers_share_a_run() {
    each_database(async |test| {
        let db = &test.database;
        customers(db, 1..=6).await;
        let other = match test.kind {
            "postgres" => Database::connect(&test.url).await.unwrap(),
            _ => db.clone(),
        };
        let (stop, meeting) = (CancellationToken::new(), Arc::new(Barrier::new(3)));
        let here = Counting::new(db, KIND, Some(meeting.clone()));
        let there = Counting::new(&other, KIND, Some(meeting));
        here.start("here", &stop);
        there.start("there 1", &stop);
        there.start("there 2", &stop);
        let run_id = queue(db, &KIND).await;
        let run = ended(db, run_id).await;
        assert_eq!((run.state, run.attempt), (RunState::Succeeded, 1));
        assert_eq!((run.done, run.changed, run.total), (6, 3, 6));
        let mut pieces = here.pieces.lock().unwrap().clone();
        pieces.extend(there.pieces.lock().unwrap().iter());
        assert_eq!(pieces.len(), 3);
        assert_eq!(pieces.into_iter().collect::<BTreeSet<_>>(), [1, 2, 3].into());
        let completed = change_log::read(db, Topic::Facts, Position::START, 9).await.unwrap().len();
        assert_eq!(completed, 1, "what completes the run is done with it, once");
        stop.cancel();
    })
    .await;
}

/// A run that goes on and on does not keep another kind waiting.
#[tokio::test]
async fn kinds_go_side_by_side() {
    const OTHER: Kind = Kind { name: "other", cut: Cut::Whole, after: &[] };
    each_database(async |test| {
        let db = &test.database;
        let stop = CancellationToken::new();
        let long = Arc::new(Deaf::default());
        let worker = Worker::new(db.clone(), long.clone(), "long".to_owned());
        tokio::spawn(worker.work(stop.clone()));
        queue(db, &KIND).await;
        until("the run begun", async || long.begun.load(Ordering::SeqCst)).await;
        Counting::new(db, OTHER, None).start("short", &stop);
        let run_id = queue(db, &OTHER).await;
        assert_eq!(ended(db, run_id).await.state, RunState::Succeeded);
        stop.cancel();
    })
    .await;
}

#[tokio::test]
async fn old_runs_are_forgotten_in_the_background() {
    each_database(async |test| {
        let db = &test.database;
        let run_id = queue(db, &KIND).await;
        run::cancel(db, run_id, clock::now()).await.unwrap();
        let stop = CancellationToken::new();
        let task = tokio::spawn(trim(db.clone(), Duration::from_nanos(1), stop.clone()));
        until("it is gone", async || run::get(db, run_id).await.is_err()).await;
        stop.cancel();
        task.await.unwrap();
    })
    .await;
}
