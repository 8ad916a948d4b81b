//! Two releases at work on the same runs and changes: what only the later one can read is left to
//! it, and the earlier one does the rest.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails it by panicking")]

use async_trait::async_trait;
use kehu_runs::{CursorMove, Follower, Job, RunContext, Worker, follow};
use kehu_server::{Fault, clock};
use kehu_storage::{
    Database,
    change_log::{self, Change, Topic},
    document::{self, Document},
    run::{self, Cut, Kind, NewRun, RunState},
};
use kehu_tests::{changes::append, customers, each_database, until};
use serde::{Deserialize, Serialize};
use std::{
    marker::PhantomData,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};
use tokio_util::sync::CancellationToken;

const KIND: Kind = Kind { name: "counting", cut: Cut::Ranges, after: &[] };
const CONSUMER: &str = "counting";

/// The request as the earlier release knows it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Earlier {
    region: String,
}

impl Document for Earlier {
    const NAME: &'static str = "request of a count";
}

/// The request as the later release knows it: of several regions.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Later {
    regions: Vec<String>,
}

impl Document for Later {
    const NAME: &'static str = "request of a count";
    const FORMAT: u32 = 2;
    const READER: u32 = 2;

    fn upgrade(_format: u32, document: serde_json::Value) -> serde_json::Value {
        serde_json::json!({ "regions": [document["region"]] })
    }
}

/// Carries out what it can read.
struct Counting<D> {
    db: Database,
    read: Mutex<Vec<i64>>,
    request: PhantomData<fn() -> D>,
}

impl<D: Document + 'static> Counting<D> {
    fn start(db: &Database, owner: &str, stop: &CancellationToken) -> Arc<Self> {
        let job = Arc::new(Self { db: db.clone(), read: Mutex::default(), request: PhantomData });
        let worker = Worker::new(db.clone(), job.clone(), owner.to_owned());
        tokio::spawn(worker.work(stop.clone()));
        job
    }

    fn read(&self) -> Vec<i64> {
        self.read.lock().unwrap().clone()
    }
}

#[async_trait]
impl<D: Document + 'static> Job for Counting<D> {
    fn kind(&self) -> Kind {
        KIND
    }

    async fn execute(&self, context: &RunContext) -> Result<(), Fault> {
        context.request::<D>()?;
        self.read.lock().unwrap().push(context.run.run_id);
        while let Some(partition) = context.next().await? {
            let transaction = self.db.begin().await?;
            context.finish_partition(&transaction, &partition, 1, 1).await?;
            transaction.commit().await?;
        }
        Ok(())
    }
}

async fn queue<D: Document>(db: &Database, request: &D) -> i64 {
    let new = NewRun {
        kind: KIND,
        request: document::write(request),
        as_of: None,
        partition_size: Some(2),
        request_id: None,
        caller: None,
    };
    run::start(db, &new, clock::now()).await.unwrap().run_id
}

async fn succeeded(db: &Database, run_id: i64) {
    let ended = async || run::get(db, run_id).await.unwrap().state == RunState::Succeeded;
    until("the end of the run", ended).await;
}

#[tokio::test]
async fn a_run_of_a_format_to_come_is_left_to_others() {
    each_database(async |test| {
        let db = &test.database;
        customers(db, 1..=3).await;
        let later = queue(db, &Later { regions: vec!["GB".to_owned()] }).await;
        let earlier = queue(db, &Earlier { region: "GB".to_owned() }).await;
        let stop = CancellationToken::new();
        let old = Counting::<Earlier>::start(db, "old", &stop);
        // The one before it is not in its way.
        succeeded(db, earlier).await;
        let waiting = run::get(db, later).await.unwrap();
        assert_eq!((waiting.state, waiting.error), (RunState::Queued, None));
        assert_eq!(old.read(), [earlier]);
        let new = Counting::<Later>::start(db, "new", &stop);
        succeeded(db, later).await;
        assert_eq!((old.read(), new.read()), (vec![earlier], vec![later]));
        assert_eq!(run::get(db, later).await.unwrap().attempt, 1);
        stop.cancel();
    })
    .await;
}

#[tokio::test]
async fn a_run_of_the_format_before_is_carried_out() {
    each_database(async |test| {
        let db = &test.database;
        customers(db, 1..=3).await;
        let stop = CancellationToken::new();
        Counting::<Later>::start(db, "new", &stop);
        succeeded(db, queue(db, &Earlier { region: "GB".to_owned() }).await).await;
        stop.cancel();
    })
    .await;
}

/// One whom nobody can help can still be cancelled.
#[tokio::test]
async fn a_run_that_is_left_to_others_is_cancelled() {
    each_database(async |test| {
        let db = &test.database;
        let later = queue(db, &Later { regions: Vec::new() }).await;
        let stop = CancellationToken::new();
        Counting::<Earlier>::start(db, "old", &stop);
        succeeded(db, queue(db, &Earlier { region: "GB".to_owned() }).await).await;
        run::cancel(db, later, clock::now()).await.unwrap();
        let ended = async || run::get(db, later).await.unwrap().state == RunState::Cancelled;
        until("the run is cancelled", ended).await;
        stop.cancel();
    })
    .await;
}

/// A replica that cannot read what it follows under, or one that can.
struct Following {
    db: Database,
    reads: bool,
    asked: AtomicUsize,
}

#[async_trait]
impl Follower for Following {
    fn consumer(&self) -> &'static str {
        CONSUMER
    }

    fn topic(&self) -> Topic {
        Topic::Facts
    }

    async fn apply(&self, _: &[Change], cursor: CursorMove) -> Result<(), Fault> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        if !self.reads {
            return Err(Fault::NewerFormat { what: "scorecard rfm".to_owned() });
        }
        let transaction = self.db.begin().await?;
        change_log::advance(&transaction, CONSUMER, cursor.from, cursor.to).await?;
        Ok(transaction.commit().await?)
    }
}

#[tokio::test]
async fn changes_are_left_to_replicas_that_can_read_what_they_are_for() {
    each_database(async |test| {
        let db = &test.database;
        let stop = CancellationToken::new();
        let start = |owner: &str, reads: bool| {
            let asked = AtomicUsize::new(0);
            let follower = Arc::new(Following { db: db.clone(), reads, asked });
            tokio::spawn(follow(db.clone(), follower.clone(), owner.to_owned(), stop.clone()));
            follower
        };
        append(db, Topic::Facts).await;
        let end = change_log::end(db).await.unwrap();
        let old = start("old", false);
        until("the old one tried", async || old.asked.load(Ordering::SeqCst) > 0).await;
        let new = start("new", true);
        let followed = async || change_log::cursor(db, CONSUMER).await.unwrap() == end;
        until("the new one followed", followed).await;
        assert_eq!(new.asked.load(Ordering::SeqCst), 1);
        stop.cancel();
    })
    .await;
}
