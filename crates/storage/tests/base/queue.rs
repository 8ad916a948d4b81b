//! Callers ask for runs: how many of one may wait, which are joined, and whose turn it is.

use std::collections::BTreeSet;

use kehu_storage::run::{Look, NewRun, Run, ask, get, lease, look, start, succeed, trim};
use kehu_storage::{Database, Error};
use kehu_tests::{at, day, each_database};

use crate::leases::{CLASSIFICATION, TTL, prepared, scoring, succeeded, take};

/// What a caller asks for as of a day of December.
fn of(caller: &str, december: u32) -> NewRun {
    let as_of = Some(day(&format!("2011-12-{december:02}")));
    NewRun { caller: Some(caller.to_owned()), as_of, ..scoring(None) }
}

/// Asks, where three runs of a caller may wait.
async fn three(db: &Database, new: &NewRun) -> Result<Run, Error> {
    ask(db, new, 3, at(0)).await
}

async fn asked(db: &Database, new: &NewRun) -> i64 {
    ask(db, new, 64, at(0)).await.unwrap().run_id
}

/// Prepares the run whose turn it is, which is of nobody, and ends it; its number.
async fn one_run(db: &Database) -> i64 {
    let run_id = prepared(db, "w", 1).await.run_id;
    assert!(succeeded(db, run_id).await.unwrap());
    run_id
}

#[tokio::test]
async fn callers_take_turns() {
    each_database(async |test| {
        let db = &test.database;
        let mut flood = Vec::new();
        for december in 1..=5 {
            flood.push(asked(db, &of("ann", december)).await);
        }
        let ben = [asked(db, &of("ben", 1)).await, asked(db, &of("ben", 2)).await];
        let cleo = asked(db, &of("cleo", 1)).await;
        let mut served = Vec::new();
        for _ in 0..5 {
            served.push(one_run(db).await);
        }
        assert_eq!(served, [flood[0], ben[0], cleo, flood[1], ben[1]]);
        // Who comes late is not behind what is left of others, nor before what has begun.
        let begun = take(db, "w", 2).await.unwrap();
        assert_eq!(begun.run_id, flood[2]);
        let late = asked(db, &of("dora", 1)).await;
        let more = asked(db, &of("ann", 9)).await;
        for expected in [late, flood[3], flood[4], more] {
            assert_eq!(take(db, "w", 3).await.unwrap().run_id, expected);
        }
    })
    .await;
}

#[tokio::test]
async fn so_many_runs_of_a_caller_wait_and_no_more() {
    each_database(async |test| {
        let db = &test.database;
        for december in 1..=3 {
            three(db, &of("ann", december)).await.unwrap();
        }
        let refused = three(db, &of("ann", 4)).await;
        assert!(
            matches!(refused, Err(Error::RunsWaiting { kind: "scoring", most: 3 })),
            "{refused:?}"
        );
        // Where there are several replicas, and where one starts anew.
        if test.kind == "postgres" {
            let other = Database::connect(&test.url).await.unwrap();
            assert!(three(&other, &of("ann", 4)).await.is_err());
        }
        three(db, &of("ben", 4)).await.unwrap();
        three(db, &NewRun { kind: CLASSIFICATION, ..of("ann", 4) }).await.unwrap();
        start(db, &of("ann", 4), at(0)).await.expect("a business day is nobody's to refuse");
        for _ in 0..3 {
            take(db, "w", 1).await.expect("a run waits");
        }
        three(db, &of("ann", 5)).await.expect("two of hers have begun");
        assert!(three(db, &of("ann", 6)).await.is_err());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn callers_that_ask_at_once_do_not_pass_the_bound() {
    each_database(async |test| {
        let db = &test.database;
        let asking = (1..=12).map(|december| {
            let db = db.clone();
            tokio::spawn(async move { three(&db, &of("ann", december)).await })
        });
        let mut taken = 0;
        for asked in futures::future::join_all(asking).await {
            match asked.unwrap() {
                Ok(_) => taken += 1,
                Err(error) => assert!(matches!(error, Error::RunsWaiting { .. }), "{error:?}"),
            }
        }
        assert_eq!(taken, 3, "on {}", test.kind);
    })
    .await;
}

#[tokio::test]
async fn equal_runs_that_wait_are_one() {
    each_database(async |test| {
        let db = &test.database;
        let with_id = |id: &str, new: NewRun| NewRun { request_id: Some(id.to_owned()), ..new };
        let first = three(db, &of("ann", 1)).await.unwrap();
        for _ in 0..1_000 {
            assert_eq!(three(db, &of("ann", 1)).await.unwrap(), first);
        }
        let joined = with_id("r1", of("ann", 1));
        assert_eq!(three(db, &joined).await.unwrap(), first);
        let another = NewRun { request: "{}".to_owned(), ..of("ann", 1) };
        for other in [of("ann", 2), of("ben", 1), another] {
            assert_ne!(three(db, &other).await.unwrap().run_id, first.run_id);
        }
        // What comes after the begin is not seen by it any more.
        assert_eq!(one_run(db).await, first.run_id);
        assert_ne!(three(db, &of("ann", 1)).await.unwrap().run_id, first.run_id);
        // The id was answered with that run, and stays so, as long as the run is kept.
        assert_eq!(three(db, &joined).await.unwrap(), get(db, first.run_id).await.unwrap());
        for other in [with_id("r1", of("ann", 2)), with_id("r1", of("ben", 1))] {
            let refused = three(db, &other).await;
            assert!(matches!(refused, Err(Error::AlreadyExists { .. })), "{refused:?}");
        }
        assert_eq!(trim(db, at(99)).await.unwrap(), 1);
        assert_ne!(three(db, &joined).await.unwrap().run_id, first.run_id);
    })
    .await;
}

/// Of two classifications the later one waits for the scoring between them.
#[tokio::test]
async fn what_waits_for_more_is_not_joined() {
    each_database(async |test| {
        let db = &test.database;
        let classify = NewRun { kind: CLASSIFICATION, ..of("ann", 1) };
        let first = asked(db, &classify).await;
        asked(db, &of("ann", 1)).await;
        let second = asked(db, &classify).await;
        assert_ne!(first, second);
        assert_eq!(asked(db, &classify).await, second);
    })
    .await;
}

#[tokio::test]
async fn who_builds_on_others_waits_for_one_run_of_each() {
    each_database(async |test| {
        let db = &test.database;
        let mut flood = Vec::new();
        for december in 1..=3 {
            flood.push(asked(db, &of("ann", december)).await);
        }
        let own = asked(db, &NewRun { kind: CLASSIFICATION, ..of("ann", 1) }).await;
        let others = asked(db, &NewRun { kind: CLASSIFICATION, ..of("ben", 1) }).await;
        let next = async || {
            let looked = look(db, &CLASSIFICATION, &BTreeSet::new(), at(1)).await.unwrap();
            match looked {
                Look::Run { run_id, .. } => Some(run_id),
                Look::Nothing(_) => None,
            }
        };
        assert_eq!(next().await, None);
        assert_eq!(one_run(db).await, flood[0]);
        assert_eq!(next().await, Some(others));
        let (_, begun) =
            lease(db, others, &CLASSIFICATION, "w", at(1), TTL).await.unwrap().unwrap();
        kehu_storage::run::cut(db, &begun, CLASSIFICATION.cut, 1_000).await.unwrap();
        let transaction = db.begin().await.unwrap();
        assert!(succeed(&transaction, others, at(2)).await.unwrap());
        transaction.commit().await.unwrap();
        for scoring in &flood[1..] {
            assert_eq!(next().await, None, "its own are before it");
            assert_eq!(one_run(db).await, *scoring);
        }
        assert_eq!(next().await, Some(own));
    })
    .await;
}
