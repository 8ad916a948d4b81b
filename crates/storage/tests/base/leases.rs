//! Several workers at the pieces of runs: who gets which, who takes over, who is too late.

use std::collections::BTreeSet;
use std::time::Duration;

use kehu_storage::ingestion::{Entry, find_reference};
use kehu_storage::run::{
    Cut, HeartbeatOutcome, Kind, Lease, Look, MAX_ATTEMPTS, NewRun, Retry, RunError, RunState,
    customers as members, cut, fail, finish_partition, get, heartbeat, lease, look, partitions,
    phase, start, succeed,
};
use kehu_storage::{Database, Error};
use kehu_tests::{
    at, customers, day, each_database,
    shop::{ingest_from, sale},
};
use sea_orm::ConnectionTrait;

pub(crate) const TTL: Duration = Duration::from_secs(30);
pub(crate) const SCORING: Kind = Kind { name: "scoring", cut: Cut::Ranges, after: &[] };
pub(crate) const CLASSIFICATION: Kind =
    Kind { name: "classification", cut: Cut::Ranges, after: &["scoring"] };
pub(crate) const CODING: Kind =
    Kind { name: "coding", cut: Cut::InOrder, after: &["classification"] };

pub(crate) fn scoring(partition_size: Option<u32>) -> NewRun {
    NewRun {
        kind: SCORING,
        request: r#"{"scorecard":"rfm"}"#.to_owned(),
        as_of: Some(day("2011-12-10")),
        partition_size,
        request_id: None,
        caller: None,
    }
}

pub(crate) fn out_of_memory() -> RunError {
    RunError { code: 8, reason: "OUT_OF_MEMORY".to_owned(), message: "too big".to_owned() }
}

/// The scoring run with work, and whether all that is left is to end it.
pub(crate) async fn found(db: &Database, now: i64) -> Option<(i64, bool)> {
    match look(db, &SCORING, &BTreeSet::new(), at(now)).await.unwrap() {
        Look::Run { run_id, finished } => Some((run_id, finished)),
        Look::Nothing(_) => None,
    }
}

/// Looks and takes what there is, as a worker does.
pub(crate) async fn take(db: &Database, worker: &str, now: i64) -> Option<Lease> {
    take_of(db, &SCORING, worker, now).await
}

async fn take_of(db: &Database, kind: &Kind, worker: &str, now: i64) -> Option<Lease> {
    match look(db, kind, &BTreeSet::new(), at(now)).await.unwrap() {
        Look::Run { run_id, finished: false } => {
            let taken = lease(db, run_id, kind, worker, at(now), TTL).await.unwrap();
            taken.map(|(_, lease)| lease)
        }
        Look::Run { finished: true, .. } | Look::Nothing(_) => None,
    }
}

/// Takes the preparation of the oldest scoring run and cuts it.
pub(crate) async fn prepared(db: &Database, worker: &str, now: i64) -> Lease {
    let lease = take(db, worker, now).await.expect("a run waits");
    cut(db, &lease, SCORING.cut, 1_000).await.unwrap();
    lease
}

/// Prepares this run, whichever else waits.
pub(crate) async fn prepare(db: &Database, run_id: i64) {
    let (_, lease) = lease(db, run_id, &SCORING, "w", at(0), TTL).await.unwrap().unwrap();
    cut(db, &lease, SCORING.cut, 1_000).await.unwrap();
}

/// Starts a run and leases its preparation to `worker` at second 0.
pub(crate) async fn leased(db: &Database, worker: &str) -> Lease {
    start(db, &scoring(None), at(0)).await.unwrap();
    take(db, worker, 0).await.expect("a run waits")
}

pub(crate) async fn finish(
    db: &Database,
    lease: &Lease,
    done: i64,
    changed: i64,
) -> Result<(), Error> {
    let transaction = db.begin().await?;
    finish_partition(&transaction, lease, done, changed).await?;
    transaction.commit().await
}

pub(crate) async fn succeeded(db: &Database, run_id: i64) -> Result<bool, Error> {
    let transaction = db.begin().await?;
    let ended = succeed(&transaction, run_id, at(20)).await?;
    transaction.commit().await?;
    Ok(ended)
}

/// The ranges of a run with what they were expected to hold.
async fn ranges(db: &Database, run_id: i64) -> Vec<(i64, i64, i64)> {
    let pieces = partitions(db, run_id).await.unwrap().into_iter().skip(1);
    pieces.map(|piece| (piece.customers.0, piece.customers.1, piece.expected)).collect()
}

#[tokio::test]
async fn a_run_is_cut_once_into_ranges_that_stay() {
    each_database(async |test| {
        let db = &test.database;
        customers(db, 3..=5).await;
        customers(db, 8..=9).await;
        let run_id = start(db, &scoring(Some(2)), at(0)).await.unwrap().run_id;
        prepared(db, "w", 1).await;
        let cut_so = [(i64::MIN, 4, 2), (5, 8, 2), (9, 9, 1)];
        assert_eq!(ranges(db, run_id).await, cut_so);
        assert_eq!(get(db, run_id).await.unwrap().total, 5);
        // Somebody goes, somebody appears between and after the others: the ranges stay.
        let transaction = db.begin().await.unwrap();
        let gone = "DELETE FROM customer WHERE customer_id IN (3, 4)";
        transaction.execute_unprepared(gone).await.unwrap();
        transaction.commit().await.unwrap();
        customers(db, 10..=12).await;
        assert_eq!(ranges(db, run_id).await, cut_so);
        assert_eq!(get(db, run_id).await.unwrap().total, 5);

        // Without a size of its own a run is cut as its worker likes, and what is whole stays so.
        let run_id = start(db, &scoring(None), at(2)).await.unwrap().run_id;
        let (_, whole) = lease(db, run_id, &SCORING, "w", at(2), TTL).await.unwrap().unwrap();
        cut(db, &whole, Cut::Whole, 2).await.unwrap();
        assert_eq!(ranges(db, run_id).await, [(i64::MIN, i64::MAX, 0)]);
        let again = cut(db, &whole, Cut::Whole, 2).await;
        assert!(again.is_err(), "a run is cut once");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sixteen_workers_never_get_the_same_piece() {
    each_database(async |test| {
        let db = &test.database;
        customers(db, 1..=40).await;
        for _ in 0..2 {
            let run_id = start(db, &scoring(Some(2)), at(0)).await.unwrap().run_id;
            prepare(db, run_id).await;
        }
        let workers: Vec<_> = (0..16)
            .map(|worker| {
                let db = db.clone();
                tokio::spawn(async move { take_all(&db, &format!("worker {worker}")).await })
            })
            .collect();
        let mut taken = Vec::new();
        for worker in workers {
            taken.extend(worker.await.unwrap());
        }
        let distinct: BTreeSet<_> = taken.iter().copied().collect();
        assert_eq!((taken.len(), distinct.len()), (40, 40), "on {}", test.kind);
    })
    .await;
}

/// Takes pieces until there are none that are free.
async fn take_all(db: &Database, worker: &str) -> Vec<(i64, i32)> {
    let mut taken = Vec::new();
    while found(db, 1).await.is_some() {
        // Another one may have been quicker.
        let lease = take(db, worker, 1).await;
        taken.extend(lease.map(|lease| (lease.run_id, lease.partition)));
    }
    taken
}

#[tokio::test]
async fn the_oldest_run_comes_first() {
    each_database(async |test| {
        let db = &test.database;
        let first = start(db, &scoring(None), at(9)).await.unwrap();
        start(db, &scoring(None), at(1)).await.unwrap();
        assert_eq!(take(db, "w", 10).await.unwrap().run_id, first.run_id);
    })
    .await;
}

/// Classification is prepared only when the scoring that was asked for before has ended.
#[tokio::test]
async fn a_run_waits_for_those_that_it_builds_on() {
    each_database(async |test| {
        let db = &test.database;
        let before = start(db, &scoring(None), at(0)).await.unwrap();
        let new = NewRun { kind: CLASSIFICATION, ..scoring(None) };
        let waits = start(db, &new, at(0)).await.unwrap().run_id;
        start(db, &scoring(None), at(0)).await.unwrap();
        assert_eq!(
            look(db, &CLASSIFICATION, &BTreeSet::new(), at(1)).await.unwrap(),
            Look::Nothing(None)
        );
        prepared(db, "w", 1).await;
        assert_eq!(
            look(db, &CLASSIFICATION, &BTreeSet::new(), at(1)).await.unwrap(),
            Look::Nothing(None)
        );
        assert!(succeeded(db, before.run_id).await.unwrap());
        let free = Look::Run { run_id: waits, finished: false };
        assert_eq!(
            look(db, &CLASSIFICATION, &BTreeSet::new(), at(1)).await.unwrap(),
            free,
            "a later one is no reason"
        );
    })
    .await;
}

#[tokio::test]
async fn pieces_in_order_are_taken_one_after_the_other() {
    each_database(async |test| {
        let db = &test.database;
        customers(db, 1..=6).await;
        start(db, &NewRun { kind: CODING, ..scoring(Some(2)) }, at(0)).await.unwrap();
        let preparation = take_of(db, &CODING, "a", 1).await.unwrap();
        cut(db, &preparation, CODING.cut, 9).await.unwrap();
        for number in 1..=3 {
            let now = i64::from(number);
            let lease = take_of(db, &CODING, "a", now).await.unwrap();
            assert_eq!(lease.partition, number);
            assert_eq!(take_of(db, &CODING, "b", now).await, None, "another waits");
            let until = look(db, &CODING, &BTreeSet::new(), at(now)).await.unwrap();
            assert_eq!(until, Look::Nothing(Some(at(now) + TTL)), "until the lease may end");
            finish(db, &lease, 2, 2).await.unwrap();
        }
    })
    .await;
}

/// Customers of two sources, the later ones in the order come first; one has no reference.
#[tokio::test]
async fn pieces_in_order_go_by_the_first_references() {
    each_database(async |test| {
        let db = &test.database;
        for (source, keys) in [("web", ["b", "a"]), ("crm", ["Z", "é"])] {
            let sales = keys.map(|key| Entry::Order(sale(key, key, day("2011-12-01"), 1)));
            ingest_from(db, source, source, sales.into(), at(0)).await;
        }
        customers(db, 100..=100).await;
        let new = NewRun { kind: CODING, ..scoring(Some(2)) };
        let run_id = start(db, &new, at(0)).await.unwrap().run_id;
        let preparation = take_of(db, &CODING, "a", 1).await.unwrap();
        cut(db, &preparation, CODING.cut, 9).await.unwrap();
        // Who comes after the cut is of no piece, even with a reference before all others.
        ingest_from(
            db,
            "app",
            "app",
            vec![Entry::Order(sale("a", "a", day("2011-12-01"), 1))],
            at(0),
        )
        .await;
        let expected: [&[(&str, &str)]; 3] =
            [&[("crm", "Z")], &[("crm", "é"), ("web", "a")], &[("web", "b")]];
        for (number, references) in (1..).zip(expected) {
            let mut ids = if number == 1 { vec![100] } else { Vec::new() };
            for (source, key) in references {
                ids.push(find_reference(db, source, key).await.unwrap().unwrap().0);
            }
            ids.sort_unstable();
            let lost = take_of(db, &CODING, "a", number * 100).await.unwrap();
            assert_eq!(members(db, &lost).await.unwrap(), ids, "piece {number}");
            let held = take_of(db, &CODING, "b", number * 100 + 50).await.unwrap();
            assert_eq!(members(db, &held).await.unwrap(), ids, "piece {number}, taken over");
            finish(db, &held, 2, 2).await.unwrap();
            let left = members(db, &held).await.unwrap();
            assert!(left.is_empty(), "nothing is left of piece {number}");
        }
        assert_eq!(get(db, run_id).await.unwrap().total, 5);
    })
    .await;
}

#[tokio::test]
async fn an_expired_lease_is_taken_over_and_the_finished_pieces_stay() {
    each_database(async |test| {
        let db = &test.database;
        customers(db, 1..=4).await;
        let run_id = start(db, &scoring(Some(2)), at(0)).await.unwrap().run_id;
        prepared(db, "a", 0).await;
        finish(db, &take(db, "a", 0).await.unwrap(), 2, 0).await.unwrap();
        let first = take(db, "a", 0).await.unwrap();
        assert_eq!(heartbeat(db, &first, at(20), TTL).await.unwrap(), HeartbeatOutcome::Kept);
        assert_eq!(take(db, "b", 49).await, None, "still leased");
        let second = take(db, "b", 50).await.unwrap();
        assert_eq!((second.partition, second.customers), (first.partition, first.customers));
        let run = get(db, run_id).await.unwrap();
        assert_eq!((run.attempt, run.done, run.started_at), (2, 2, Some(at(0))));
        finish(db, &second, 2, 0).await.unwrap();
        let again = finish(db, &second, 2, 0).await;
        assert!(matches!(again, Err(Error::AlreadyExists { .. })), "{again:?}");
        assert_eq!(get(db, run_id).await.unwrap().done, 4);
    })
    .await;
}

#[tokio::test]
async fn a_worker_that_lost_its_lease_writes_nothing() {
    each_database(async |test| {
        let db = &test.database;
        customers(db, 1..=2).await;
        start(db, &scoring(None), at(0)).await.unwrap();
        prepared(db, "a", 0).await;
        let lost = take(db, "a", 0).await.unwrap();
        // The same process takes it over: the name of the worker alone would not tell.
        let held = take(db, "a", 31).await.unwrap();
        let taken = get(db, lost.run_id).await.unwrap();
        assert_eq!(heartbeat(db, &lost, at(32), TTL).await.unwrap(), HeartbeatOutcome::Lost);
        let now = at(32);
        for (what, result) in [
            ("finish_partition", finish(db, &lost, 1, 1).await),
            ("cut", cut(db, &lost, Cut::Whole, 1).await),
            ("phase", phase(db, &lost, "late").await),
            ("fail", fail(db, &lost, &out_of_memory(), Retry::Never, now).await.map(|_| ())),
            ("cancelled", kehu_storage::run::cancelled(db, &lost, now).await),
            ("give_back", kehu_storage::run::give_back(db, &lost, now).await),
        ] {
            let run_id = lost.run_id;
            assert!(
                matches!(result, Err(Error::LeaseLost { run_id: lost }) if lost == run_id),
                "{what}: {result:?}"
            );
        }
        assert_eq!(get(db, lost.run_id).await.unwrap(), taken);
        finish(db, &held, 2, 0).await.unwrap();
        assert!(succeeded(db, lost.run_id).await.unwrap());
        assert_eq!(heartbeat(db, &held, at(33), TTL).await.unwrap(), HeartbeatOutcome::Lost);
    })
    .await;
}

/// When one piece fails for good the run has failed, and who is at another writes nothing more.
#[tokio::test]
async fn a_failed_piece_stops_the_others() {
    each_database(async |test| {
        let db = &test.database;
        customers(db, 1..=4).await;
        start(db, &scoring(Some(2)), at(0)).await.unwrap();
        prepared(db, "a", 0).await;
        let one = take(db, "a", 0).await.unwrap();
        let other = take(db, "b", 0).await.unwrap();
        fail(db, &one, &out_of_memory(), Retry::Never, at(1)).await.unwrap();
        assert_eq!(heartbeat(db, &other, at(2), TTL).await.unwrap(), HeartbeatOutcome::Lost);
        let late = finish(db, &other, 2, 2).await;
        assert!(matches!(late, Err(Error::LeaseLost { .. })), "{late:?}");
        assert_eq!(get(db, one.run_id).await.unwrap().done, 0);
    })
    .await;
}

/// The lease expires while the worker commits: either it commits first or it is refused.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_take_over_during_a_commit_is_one_before_the_other() {
    each_database(async |test| {
        let db = &test.database;
        customers(db, 1..=4).await;
        let run_id = start(db, &scoring(Some(2)), at(0)).await.unwrap().run_id;
        prepared(db, "a", 0).await;
        let late = take(db, "a", 0).await.unwrap();
        let transaction = db.begin().await.unwrap();
        finish_partition(&transaction, &late, 2, 0).await.unwrap();
        let other = db.clone();
        let taking =
            tokio::spawn(async move { lease(&other, run_id, &SCORING, "b", at(31), TTL).await });
        tokio::time::sleep(Duration::from_millis(100)).await;
        transaction.commit().await.unwrap();
        let (run, taken) = taking.await.unwrap().unwrap().expect("the other piece is free");
        assert_eq!((run.done, taken.partition), (2, 2), "the take-over sees the finished piece");
    })
    .await;
}

/// Whoever works is killed, again and again: as long as something gets finished in between, the
/// run goes on to its end.
#[tokio::test]
async fn a_run_survives_any_number_of_kills_that_let_it_get_on() {
    each_database(async |test| {
        let db = &test.database;
        customers(db, 1..=20).await;
        let run_id = start(db, &scoring(Some(1)), at(0)).await.unwrap().run_id;
        let mut now = 0;
        // Twice it is killed while preparing.
        for _ in 1..MAX_ATTEMPTS {
            take(db, "killed", now).await.unwrap();
            now += 31;
        }
        prepared(db, "killed", now).await;
        for round in 0..20 {
            // Two workers, of which one finishes a piece; both are killed at their next.
            let lucky = take(db, "lucky", now).await.unwrap();
            take(db, "slow", now).await;
            finish(db, &lucky, 1, 1).await.unwrap();
            take(db, "lucky", now).await;
            now += 31;
            let run = get(db, run_id).await.unwrap();
            assert_eq!((run.state, run.done), (RunState::Running, round + 1), "killed {round}");
        }
        assert!(succeeded(db, run_id).await.unwrap());
        assert!(get(db, run_id).await.unwrap().attempt > 20);
    })
    .await;
}

#[tokio::test]
async fn a_run_that_kills_its_workers_fails_for_good() {
    each_database(async |test| {
        let db = &test.database;
        customers(db, 1..=2).await;
        let run_id = start(db, &scoring(Some(1)), at(0)).await.unwrap().run_id;
        prepared(db, "w", 0).await;
        finish(db, &take(db, "w", 0).await.unwrap(), 1, 1).await.unwrap();
        for attempt in 1..=MAX_ATTEMPTS {
            assert_eq!(take(db, "w", 60 * i64::from(attempt)).await.unwrap().attempt, attempt);
        }
        assert_eq!(take(db, "w", 900).await, None);
        let run = get(db, run_id).await.unwrap();
        assert_eq!((run.state, run.finished_at), (RunState::Failed, Some(at(900))));
        assert_eq!(run.error.unwrap().reason, "RUN_ATTEMPTS_EXHAUSTED");
        assert_eq!(run.done, 1, "what was finished stays");
    })
    .await;
}

/// Looking writes nothing: it goes through connections that cannot.
#[tokio::test]
async fn who_finds_nothing_has_written_nothing() {
    each_database(async |test| {
        let db = &test.database;
        let held = leased(db, "a").await;
        let before = partitions(db, held.run_id).await.unwrap();
        // While somebody else writes, on SQLite nobody could.
        let writing = db.begin().await.unwrap();
        let waiting = look(db, &SCORING, &BTreeSet::new(), at(1)).await.unwrap();
        assert_eq!(waiting, Look::Nothing(Some(at(0) + TTL)));
        writing.rollback().await.unwrap();
        assert_eq!(partitions(db, held.run_id).await.unwrap(), before);
    })
    .await;
}
