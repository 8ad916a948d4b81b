//! A worker that is told to stop.

use async_trait::async_trait;
use kehu_runs::{Job, RunContext, start, work};
use kehu_server::{Fault, clock};
use kehu_storage::run::{self, NewRun, RunKind};
use kehu_tests::{each_database, until};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio_util::sync::CancellationToken;

/// Never ends, and hears of nothing.
#[derive(Default)]
struct Deaf {
    begun: AtomicBool,
}

#[async_trait]
impl Job for Deaf {
    fn kind(&self) -> RunKind {
        RunKind::Scoring
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
        let new = NewRun {
            kind: RunKind::Scoring,
            request: "{}".to_owned(),
            as_of: None,
            request_id: None,
        };
        start(db, &new).await.unwrap();
        let (job, stop) = (Arc::new(Deaf::default()), CancellationToken::new());
        let jobs: Vec<Arc<dyn Job>> = vec![job.clone()];
        let worker = tokio::spawn(work(db.clone(), jobs, "first".to_owned(), stop.clone()));
        until("the run begun", async || job.begun.load(Ordering::SeqCst)).await;
        let lease = async |owner| {
            let ttl = Duration::from_secs(10);
            run::lease(db, &[RunKind::Scoring], owner, clock::now(), ttl).await.unwrap()
        };
        assert!(lease("second").await.is_none(), "two have the run");
        stop.cancel();
        worker.await.unwrap();
        assert!(lease("second").await.is_some(), "the run was not given back");
    })
    .await;
}
