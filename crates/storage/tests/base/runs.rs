use std::collections::HashSet;
use std::time::Duration;

use chrono::NaiveDate;
use kehu_storage::run::{
    HeartbeatOutcome, Lease, MAX_ATTEMPTS, NewRun, Retry, Run, RunError, RunKind, RunState, cancel,
    cancelled, fail, finish_partition, finished_partitions, get, heartbeat, lease, list, progress,
    start, succeed,
};
use kehu_storage::{Database, Error, PageRequest};
use kehu_tests::{at, each_database};

const TTL: Duration = Duration::from_secs(30);
const SCORING: &[RunKind] = &[RunKind::Scoring];

fn scoring(request_id: Option<&str>) -> NewRun {
    NewRun {
        kind: RunKind::Scoring,
        request: r#"{"scorecard":"rfm"}"#.to_owned(),
        as_of: NaiveDate::from_ymd_opt(2011, 12, 10),
        request_id: request_id.map(str::to_owned),
    }
}

fn out_of_memory() -> RunError {
    RunError { code: 8, reason: "OUT_OF_MEMORY".to_owned(), message: "too big".to_owned() }
}

/// Starts a run and leases it to `worker` at second 0.
async fn leased(db: &Database, worker: &str) -> Lease {
    start(db, &scoring(None), at(0)).await.unwrap();
    lease(db, SCORING, worker, at(0), TTL).await.unwrap().expect("a run waits").1
}

async fn finish(db: &Database, lease: &Lease, partition: i32, done: i64) -> Result<(), Error> {
    let transaction = db.begin().await?;
    finish_partition(&transaction, lease, partition, done).await?;
    transaction.commit().await
}

async fn succeeded(db: &Database, lease: &Lease) -> Result<(), Error> {
    let transaction = db.begin().await?;
    succeed(&transaction, lease, at(20)).await?;
    transaction.commit().await
}

#[tokio::test]
async fn a_run_goes_from_queued_to_succeeded() {
    each_database(async |test| {
        let db = &test.database;
        let queued = start(db, &scoring(None), at(0)).await.unwrap();
        assert_eq!((queued.state, queued.attempt, queued.done), (RunState::Queued, 0, 0));
        assert_eq!((queued.as_of, &queued.request), (scoring(None).as_of, &scoring(None).request));
        assert_eq!((queued.created_at, queued.started_at), (at(0), None));
        assert_eq!(lease(db, &[RunKind::Coding], "w", at(1), TTL).await.unwrap(), None);
        let (running, lease) = lease(db, SCORING, "w", at(1), TTL).await.unwrap().unwrap();
        assert_eq!((running.state, running.attempt), (RunState::Running, 1));
        assert_eq!(running.started_at, Some(at(1)));
        progress(db, &lease, "features", 700).await.unwrap();
        finish(db, &lease, 0, 500).await.unwrap();
        finish(db, &lease, 1, 200).await.unwrap();
        succeeded(db, &lease).await.unwrap();
        let run = get(db, queued.run_id).await.unwrap();
        assert_eq!((run.state, run.finished_at), (RunState::Succeeded, Some(at(20))));
        assert_eq!((run.phase.as_str(), run.done, run.total), ("features", 700, 700));
        assert_eq!(finished_partitions(db, run.run_id).await.unwrap(), [0, 1]);
    })
    .await;
}

#[tokio::test]
async fn the_same_request_id_starts_one_run() {
    each_database(async |test| {
        let db = &test.database;
        let again = scoring(Some("r1"));
        let (first, second) = tokio::join!(start(db, &again, at(0)), start(db, &again, at(1)));
        let first = first.unwrap();
        assert_eq!(second.unwrap(), first);
        let other = NewRun { kind: RunKind::Coding, ..scoring(Some("r1")) };
        let refused = start(db, &other, at(2)).await;
        assert!(matches!(refused, Err(Error::AlreadyExists { .. })), "{refused:?}");
        assert_ne!(start(db, &scoring(None), at(3)).await.unwrap().run_id, first.run_id);
        assert_ne!(start(db, &scoring(Some("r2")), at(4)).await.unwrap().run_id, first.run_id);
    })
    .await;
}

#[tokio::test]
async fn an_unknown_run_is_not_found() {
    each_database(async |test| {
        let answers = [get(&test.database, 17).await, cancel(&test.database, 17, at(0)).await];
        for answer in answers {
            assert!(matches!(&answer, Err(Error::NotFound { kind: "run", name }) if name == "17"));
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sixteen_workers_never_get_the_same_run() {
    each_database(async |test| {
        let db = &test.database;
        for _ in 0..40 {
            start(db, &scoring(None), at(0)).await.unwrap();
        }
        let workers: Vec<_> = (0..16)
            .map(|worker| {
                let db = db.clone();
                tokio::spawn(async move { lease_all(&db, &format!("worker {worker}")).await })
            })
            .collect();
        let mut runs = Vec::new();
        for worker in workers {
            runs.extend(worker.await.unwrap());
        }
        // A worker may pass over a run that another one has locked, so some may be left.
        runs.extend(lease_all(db, "the last").await);
        let distinct: HashSet<i64> = runs.iter().copied().collect();
        assert_eq!((runs.len(), distinct.len()), (40, 40), "on {}", test.kind);
    })
    .await;
}

async fn lease_all(db: &Database, worker: &str) -> Vec<i64> {
    let mut runs = Vec::new();
    while let Some((run, _)) = lease(db, SCORING, worker, at(1), TTL).await.unwrap() {
        runs.push(run.run_id);
    }
    runs
}

#[tokio::test]
async fn the_oldest_run_comes_first() {
    each_database(async |test| {
        let db = &test.database;
        let first = start(db, &scoring(None), at(9)).await.unwrap();
        start(db, &scoring(None), at(1)).await.unwrap();
        let (run, _) = lease(db, SCORING, "w", at(10), TTL).await.unwrap().unwrap();
        assert_eq!(run.run_id, first.run_id);
    })
    .await;
}

#[tokio::test]
async fn an_expired_lease_is_taken_over_and_the_finished_partitions_stay() {
    each_database(async |test| {
        let db = &test.database;
        let first = leased(db, "a").await;
        finish(db, &first, 0, 500).await.unwrap();
        assert_eq!(heartbeat(db, &first, at(20), TTL).await.unwrap(), HeartbeatOutcome::Kept);
        assert_eq!(lease(db, SCORING, "b", at(49), TTL).await.unwrap(), None, "still leased");
        let (run, second) = lease(db, SCORING, "b", at(50), TTL).await.unwrap().unwrap();
        assert_eq!((run.run_id, run.attempt, run.done), (first.run_id, 2, 500));
        assert_eq!(run.started_at, Some(at(0)), "the first start counts");
        assert_eq!(finished_partitions(db, run.run_id).await.unwrap(), [0]);
        let again = finish(db, &second, 0, 500).await;
        assert!(matches!(again, Err(Error::AlreadyExists { .. })), "{again:?}");
        finish(db, &second, 1, 200).await.unwrap();
        assert_eq!(get(db, run.run_id).await.unwrap().done, 700);
    })
    .await;
}

#[tokio::test]
async fn a_worker_that_lost_its_lease_writes_nothing() {
    each_database(async |test| {
        let db = &test.database;
        let lost = leased(db, "a").await;
        // The same process takes it over: the name of the worker alone would not tell.
        let (taken, held) = lease(db, SCORING, "a", at(31), TTL).await.unwrap().unwrap();
        assert_eq!(heartbeat(db, &lost, at(32), TTL).await.unwrap(), HeartbeatOutcome::Lost);
        let failed = fail(db, &lost, &out_of_memory(), Retry::Never, at(32)).await.map(|_| ());
        for (what, result) in [
            ("finish_partition", finish(db, &lost, 3, 1).await),
            ("progress", progress(db, &lost, "late", 9).await),
            ("succeed", succeeded(db, &lost).await),
            ("fail", failed),
            ("cancelled", cancelled(db, &lost, at(32)).await),
        ] {
            let run_id = lost.run_id;
            assert!(
                matches!(result, Err(Error::LeaseLost { run_id: lost }) if lost == run_id),
                "{what}: {result:?}"
            );
        }
        assert_eq!(get(db, lost.run_id).await.unwrap(), taken);
        assert_eq!(finished_partitions(db, lost.run_id).await.unwrap(), Vec::<i32>::new());
        succeeded(db, &held).await.unwrap();
        assert_eq!(heartbeat(db, &held, at(33), TTL).await.unwrap(), HeartbeatOutcome::Lost);
    })
    .await;
}

/// The lease expires while the worker commits: either it commits first or it is refused.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_take_over_during_a_commit_is_one_before_the_other() {
    each_database(async |test| {
        let db = &test.database;
        let late = leased(db, "a").await;
        let transaction = db.begin().await.unwrap();
        finish_partition(&transaction, &late, 0, 500).await.unwrap();
        let other = db.clone();
        let taking = tokio::spawn(async move { lease(&other, SCORING, "b", at(31), TTL).await });
        tokio::time::sleep(Duration::from_millis(100)).await;
        transaction.commit().await.unwrap();
        let taken = match taking.await.unwrap().unwrap() {
            Some(taken) => taken,
            None => lease(db, SCORING, "b", at(31), TTL).await.unwrap().unwrap(),
        };
        assert_eq!(taken.0.done, 500, "the take-over sees the partition");
        let refused = finish(db, &late, 1, 1).await;
        assert!(matches!(refused, Err(Error::LeaseLost { .. })), "{refused:?}");
    })
    .await;
}

#[tokio::test]
async fn a_queued_run_is_cancelled_at_once_and_a_running_one_by_its_worker() {
    each_database(async |test| {
        let db = &test.database;
        let queued = start(db, &scoring(None), at(0)).await.unwrap();
        let run = cancel(db, queued.run_id, at(3)).await.unwrap();
        assert_eq!((run.state, run.finished_at), (RunState::Cancelled, Some(at(3))));
        assert_eq!(lease(db, SCORING, "w", at(4), TTL).await.unwrap(), None);

        let held = leased(db, "w").await;
        let run = cancel(db, held.run_id, at(5)).await.unwrap();
        assert_eq!((run.state, run.cancel_requested), (RunState::Running, true));
        let heard = heartbeat(db, &held, at(6), TTL).await.unwrap();
        assert_eq!(heard, HeartbeatOutcome::CancelRequested);
        finish(db, &held, 0, 1).await.unwrap();
        cancelled(db, &held, at(7)).await.unwrap();
        let run = get(db, held.run_id).await.unwrap();
        assert_eq!((run.state, run.finished_at), (RunState::Cancelled, Some(at(7))));
        assert_eq!(cancel(db, held.run_id, at(8)).await.unwrap(), run, "final stays final");
    })
    .await;
}

#[tokio::test]
async fn a_cancelled_run_whose_worker_died_is_not_tried_again() {
    each_database(async |test| {
        let db = &test.database;
        let dead = leased(db, "w").await;
        cancel(db, dead.run_id, at(5)).await.unwrap();
        assert_eq!(lease(db, SCORING, "v", at(40), TTL).await.unwrap(), None);
        assert_eq!(get(db, dead.run_id).await.unwrap().state, RunState::Cancelled);
    })
    .await;
}

#[tokio::test]
async fn a_run_that_kills_its_workers_fails_for_good() {
    each_database(async |test| {
        let db = &test.database;
        let first = leased(db, "w").await;
        for attempt in 2..=MAX_ATTEMPTS {
            let now = at(60 * i64::from(attempt));
            let (run, _) = lease(db, SCORING, "w", now, TTL).await.unwrap().unwrap();
            assert_eq!(run.attempt, attempt);
        }
        assert_eq!(lease(db, SCORING, "w", at(900), TTL).await.unwrap(), None);
        let run = get(db, first.run_id).await.unwrap();
        assert_eq!((run.state, run.finished_at), (RunState::Failed, Some(at(900))));
        assert_eq!(run.error.unwrap().reason, "RUN_ATTEMPTS_EXHAUSTED");
    })
    .await;
}

#[tokio::test]
async fn a_failed_attempt_waits_for_the_next_until_none_is_left() {
    each_database(async |test| {
        let db = &test.database;
        let mut held = leased(db, "w").await;
        let mut now = 0;
        for attempt in 1..=MAX_ATTEMPTS {
            let run = retry_in_ten_seconds(db, &held, now).await;
            assert_eq!((run.attempt, run.error), (attempt, Some(out_of_memory())));
            if attempt == MAX_ATTEMPTS {
                assert_eq!((run.state, run.finished_at), (RunState::Failed, Some(at(now))));
                continue;
            }
            assert_eq!((run.state, run.finished_at), (RunState::Queued, None));
            assert_eq!(lease(db, SCORING, "w", at(now + 9), TTL).await.unwrap(), None);
            now += 10;
            held = lease(db, SCORING, "w", at(now), TTL).await.unwrap().unwrap().1;
        }
        assert_eq!(lease(db, SCORING, "w", at(now + 999), TTL).await.unwrap(), None);
    })
    .await;
}

async fn retry_in_ten_seconds(db: &Database, lease: &Lease, now: i64) -> Run {
    let retry = Retry::After(Duration::from_secs(10));
    fail(db, lease, &out_of_memory(), retry, at(now)).await.unwrap()
}

#[tokio::test]
async fn a_hopeless_run_fails_at_once_and_a_later_success_clears_the_error() {
    each_database(async |test| {
        let db = &test.database;
        let hopeless = leased(db, "w").await;
        let run = fail(db, &hopeless, &out_of_memory(), Retry::Never, at(4)).await.unwrap();
        assert_eq!((run.state, run.attempt), (RunState::Failed, 1));

        let first = leased(db, "w").await;
        retry_in_ten_seconds(db, &first, 0).await;
        let (_, second) = lease(db, SCORING, "w", at(10), TTL).await.unwrap().unwrap();
        succeeded(db, &second).await.unwrap();
        let run = get(db, second.run_id).await.unwrap();
        assert_eq!((run.state, run.error), (RunState::Succeeded, None));
    })
    .await;
}

#[tokio::test]
async fn runs_are_listed_by_kind_and_page_the_newest_first() {
    each_database(async |test| {
        let db = &test.database;
        for kind in [RunKind::Scoring, RunKind::Coding, RunKind::Scoring, RunKind::Scoring] {
            start(db, &NewRun { kind, ..scoring(None) }, at(0)).await.unwrap();
        }
        let mut page = PageRequest::first(2);
        let first = list(db, Some(RunKind::Scoring), &page).await.unwrap();
        page.after = first.next;
        start(db, &scoring(None), at(1)).await.unwrap();
        let second = list(db, Some(RunKind::Scoring), &page).await.unwrap();
        let ids = |runs: &[Run]| runs.iter().map(|run| run.run_id).collect::<Vec<_>>();
        assert_eq!((ids(&first.items), first.next), (vec![4, 3], Some(3)));
        assert_eq!((ids(&second.items), second.next), (vec![1], None));
        let all = list(db, None, &PageRequest::first(50)).await.unwrap();
        assert_eq!((ids(&all.items), all.next), (vec![5, 4, 3, 2, 1], None));
    })
    .await;
}
