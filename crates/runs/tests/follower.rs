//! Replicas of a consumer share its cursor.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails it by panicking")]

use async_trait::async_trait;
use kehu_runs::{CursorMove, Follower, follow};
use kehu_server::{Fault, clock};
use kehu_storage::{
    Database,
    change_log::{self, Change, Topic},
};
use kehu_tests::{changes::append, each_database, until};
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio_util::sync::CancellationToken;

const CONSUMER: &str = "counting";
const CHANGES: i64 = 20;

/// Counts the batches that it begins and ends.
struct Counting {
    db: Database,
    takes: Duration,
    begun: AtomicUsize,
    ended: AtomicUsize,
}

impl Counting {
    fn new(db: &Database, takes: Duration) -> Arc<Self> {
        Arc::new(Self {
            db: db.clone(),
            takes,
            begun: AtomicUsize::new(0),
            ended: AtomicUsize::new(0),
        })
    }

    fn counts(&self) -> (usize, usize) {
        (self.begun.load(Ordering::SeqCst), self.ended.load(Ordering::SeqCst))
    }
}

#[async_trait]
impl Follower for Counting {
    fn consumer(&self) -> &'static str {
        CONSUMER
    }

    fn topic(&self) -> Topic {
        Topic::Facts
    }

    async fn apply(&self, _: &[Change], cursor: CursorMove) -> Result<(), Fault> {
        self.begun.fetch_add(1, Ordering::SeqCst);
        tokio::time::sleep(self.takes).await;
        let transaction = self.db.begin().await?;
        change_log::advance(&transaction, CONSUMER, cursor.from, cursor.to).await?;
        transaction.commit().await?;
        self.ended.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}

/// Waits until everything in the log was followed.
async fn followed(db: &Database) {
    let end = change_log::end(db).await.unwrap();
    let what = format!("position {end}");
    until(&what, async || change_log::cursor(db, CONSUMER).await.unwrap() == end).await;
}

#[tokio::test]
async fn of_two_replicas_one_does_the_work() {
    each_database(async |test| {
        let db = &test.database;
        let stop = CancellationToken::new();
        let replicas = ["a", "b"].map(|_| Counting::new(db, Duration::from_millis(5)));
        let tasks = replicas.each_ref().map(|replica| {
            let owner = format!("{:p}", Arc::as_ptr(replica));
            tokio::spawn(follow(db.clone(), replica.clone(), owner, stop.clone()))
        });
        for _ in 0..CHANGES {
            append(db, Topic::Facts).await;
        }
        followed(db).await;
        stop.cancel();
        for task in tasks {
            task.await.unwrap();
        }
        let counts = replicas.each_ref().map(|replica| replica.counts());
        for (begun, ended) in counts {
            assert_eq!(begun, ended, "work was thrown away: {counts:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn another_replica_goes_on_at_once_after_one_that_stops() {
    each_database(async |test| {
        let db = &test.database;
        let stop = CancellationToken::new();
        let first = Counting::new(db, Duration::ZERO);
        let task = tokio::spawn(follow(db.clone(), first, "first".to_owned(), stop.clone()));
        append(db, Topic::Facts).await;
        followed(db).await;
        stop.cancel();
        task.await.unwrap();
        let lease = change_log::lease_cursor(db, CONSUMER, "second", clock::now(), Duration::ZERO);
        assert!(lease.await.unwrap(), "the lease was not given back");
    })
    .await;
}

#[tokio::test]
async fn another_replica_takes_over_from_one_that_dies() {
    each_database(async |test| {
        let db = &test.database;
        let stop = CancellationToken::new();
        let dying = Counting::new(db, Duration::from_secs(3600));
        let task = tokio::spawn(follow(db.clone(), dying.clone(), "dying".into(), stop.clone()));
        append(db, Topic::Facts).await;
        until("a batch begun", async || dying.counts() == (1, 0)).await;
        let heir = Counting::new(db, Duration::ZERO);
        tokio::spawn(follow(db.clone(), heir.clone(), "heir".into(), stop.clone()));
        task.abort();
        followed(db).await;
        stop.cancel();
        assert_eq!(heir.counts().0, 1);
    })
    .await;
}
