//! Workers and followers, as a process has them beside its services, at the test's command.

use futures::future::join_all;
use kehu_runs::{CursorMove, Follower, Job, Worker};
use kehu_storage::{
    Database, change_log,
    run::{self, Run},
};
use std::{pin::pin, sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;

/// How often a run is looked at.
const POLL: Duration = Duration::from_millis(5);

/// A worker a job, at work until `stop`, as one task.
async fn work(db: &Database, jobs: Vec<Arc<dyn Job>>, owner: &str, stop: CancellationToken) {
    let workers = jobs.into_iter().map(|job| Worker::new(db.clone(), job, owner.to_owned()));
    join_all(workers.map(|worker| worker.work(stop.clone()))).await;
}

/// Has workers work until all these runs have ended.
pub async fn carry_out(db: &Database, jobs: Vec<Arc<dyn Job>>, run_ids: &[i64]) -> Vec<Run> {
    let stop = CancellationToken::new();
    let (at, until) = (db.clone(), stop.clone());
    let worker = tokio::spawn(async move { work(&at, jobs, "test", until).await });
    let mut runs = Vec::new();
    for run_id in run_ids {
        runs.push(ended(db, *run_id).await);
    }
    stop.cancel();
    worker.await.expect("the worker does not panic");
    runs
}

async fn ended(db: &Database, run_id: i64) -> Run {
    loop {
        let run = run::get(db, run_id).await.expect("the run is there");
        if run.state.is_final() {
            return run;
        }
        tokio::time::sleep(POLL).await;
    }
}

/// Has a worker work until a partition of the run is done and it has taken the next. From then on
/// it stands still, wherever it is, until `then` says what becomes of it.
pub async fn carry_out_one_partition(
    db: &Database,
    jobs: Vec<Arc<dyn Job>>,
    run_id: i64,
    then: Then,
) {
    let stop = CancellationToken::new();
    let mut worker = pin!(work(db, jobs, "first", stop.clone()));
    // Nobody else polls the worker, so it does nothing while the run is looked at.
    while !is_at_second(db, run_id).await {
        let step = futures::poll!(worker.as_mut());
        assert!(step.is_pending(), "a worker works until it is told to stop");
    }
    if then == Then::Stop {
        stop.cancel();
        worker.await;
    }
}

async fn is_at_second(db: &Database, run_id: i64) -> bool {
    let pieces = run::partitions(db, run_id).await.expect("the run is there");
    // The first piece is the preparation.
    let done = pieces.iter().skip(1).filter(|piece| piece.finished).count();
    done == 1 && pieces.iter().any(|piece| !piece.finished && piece.owner.is_some())
}

/// What becomes of a worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Then {
    /// It is told to stop, and stops.
    Stop,
    /// It is never heard of again.
    Die,
}

/// Lets followers catch up with the change log, one after the other.
pub async fn catch_up(db: &Database, followers: Vec<Arc<dyn Follower>>) {
    for follower in followers {
        while has_more(db, follower.as_ref()).await {}
    }
}

/// Hands the next changes to a follower; false when there are none.
async fn has_more(db: &Database, follower: &dyn Follower) -> bool {
    let cursor = change_log::cursor(db, follower.consumer()).await;
    let from = cursor.expect("the cursor can be read");
    let changes = change_log::read(db, follower.topic(), from, 64).await;
    let changes = changes.expect("the change log can be read");
    let Some(last) = changes.last() else { return false };
    match follower.apply(&changes, CursorMove { from, to: last.position }).await {
        // Another replica was quicker, or something must end first.
        Err(fault) if fault.is_transient() => {}
        done => done.expect("the changes can be followed"),
    }
    true
}
