use std::time::Duration;

use chrono::NaiveDate;
use kehu_core::CustomerId;
use kehu_storage::change_log::{
    Backlog, NewChange, Topic, advance, append, backlog, cursor, give_back_cursor, lease_cursor,
    read,
};
use kehu_storage::{Database, Error};
use kehu_tests::{TestDatabase, at, databases, each_database};
use sea_orm::{ConnectionTrait, Statement};

fn change(customer: i64) -> NewChange {
    NewChange {
        topic: Topic::Facts,
        customers: vec![CustomerId(customer), CustomerId(customer + 1)],
        first_day: NaiveDate::from_ymd_opt(1969, 12, 31).unwrap(),
        last_day: NaiveDate::from_ymd_opt(2011, 12, 9).unwrap(),
        as_of: None,
        recorded_at: at(7),
    }
}

async fn appended(db: &Database, change: &NewChange) -> Result<i64, Error> {
    let transaction = db.begin().await?;
    let position = append(&transaction, change).await?;
    transaction.commit().await?;
    Ok(position)
}

async fn positions(db: &Database, after: i64) -> Vec<i64> {
    let changes = read(db, Topic::Facts, after, 1_000).await.unwrap();
    changes.iter().map(|change| change.position).collect()
}

#[tokio::test]
async fn a_change_is_read_back_as_it_was_appended() {
    each_database(async |test| {
        let db = &test.database;
        let scores = NewChange {
            topic: Topic::Scores,
            customers: vec![],
            as_of: NaiveDate::from_ymd_opt(2011, 12, 10),
            ..change(5)
        };
        assert_eq!(appended(db, &change(1)).await.unwrap(), 1);
        assert_eq!(appended(db, &scores).await.unwrap(), 2);
        assert_eq!(appended(db, &change(3)).await.unwrap(), 3);
        assert_eq!(positions(db, 0).await, [1, 3], "the topics are apart");
        assert_eq!(positions(db, 1).await, [3]);
        assert_eq!(read(db, Topic::Facts, 0, 1).await.unwrap().len(), 1);
        let read = read(db, Topic::Scores, 0, 10).await.unwrap().remove(0);
        assert_eq!((read.position, read.topic, read.customers), (2, scores.topic, vec![]));
        assert_eq!((read.first_day, read.last_day), (scores.first_day, scores.last_day));
        assert_eq!((read.as_of, read.recorded_at), (scores.as_of, scores.recorded_at));
        assert_eq!(read.traceparent, None, "nothing traces here");
    })
    .await;
}

/// The trap: numbers from a sequence become visible out of order.
#[tokio::test]
async fn a_sequence_lets_a_reader_skip_what_commits_late() {
    for test in databases().await.iter().filter(|test| test.kind == "postgres") {
        let db = &test.database;
        let table = "CREATE TABLE naive_log (id bigint GENERATED ALWAYS AS IDENTITY, who text)";
        db.reader().execute_unprepared(table).await.unwrap();
        let (slow, quick) = (db.begin().await.unwrap(), db.begin().await.unwrap());
        let insert = "INSERT INTO naive_log (who) VALUES ('x')";
        slow.execute_unprepared(insert).await.unwrap();
        quick.execute_unprepared(insert).await.unwrap();
        quick.commit().await.unwrap();
        assert_eq!(naive_ids(db, 0).await, [2], "the reader sees 2 and moves past it");
        slow.commit().await.unwrap();
        assert_eq!(naive_ids(db, 2).await, Vec::<i64>::new(), "and 1 is never seen");
    }
}

async fn naive_ids(db: &Database, after: i64) -> Vec<i64> {
    let backend = db.reader().get_database_backend();
    let sql = format!("SELECT id FROM naive_log WHERE id > {after} ORDER BY id");
    let rows = db.reader().query_all_raw(Statement::from_string(backend, sql)).await.unwrap();
    rows.iter().map(|row| row.try_get("", "id").unwrap()).collect()
}

/// The same two transactions as in the trap: here the second waits for the first.
#[tokio::test]
async fn the_change_log_lets_nobody_skip() {
    each_database(async |test| {
        let db = test.database.clone();
        let slow = db.begin().await.unwrap();
        assert_eq!(append(&slow, &change(1)).await.unwrap(), 1);
        let other = db.clone();
        let quick = tokio::spawn(async move { appended(&other, &change(2)).await });
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert!(!quick.is_finished(), "the second appender waits");
        assert_eq!(positions(&db, 0).await, Vec::<i64>::new());
        slow.commit().await.unwrap();
        assert_eq!(quick.await.unwrap().unwrap(), 2);
        assert_eq!(positions(&db, 0).await, [1, 2]);
    })
    .await;
}

#[tokio::test]
async fn a_rolled_back_change_leaves_no_gap() {
    each_database(async |test| {
        let db = &test.database;
        appended(db, &change(1)).await.unwrap();
        let dropped = db.begin().await.unwrap();
        assert_eq!(append(&dropped, &change(2)).await.unwrap(), 2);
        drop(dropped);
        assert_eq!(appended(db, &change(3)).await.unwrap(), 2);
        assert_eq!(positions(db, 0).await, [1, 2]);
    })
    .await;
}

/// Eight appenders, and a reader that always moves on to the last position it saw.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_reader_beside_many_appenders_misses_nothing() {
    each_database(async |test| {
        let appenders: Vec<_> = (0..8)
            .map(|_| {
                let db = test.database.clone();
                tokio::spawn(async move {
                    for customer in 0..25 {
                        appended(&db, &change(customer)).await.unwrap();
                    }
                })
            })
            .collect();
        let mut seen = Vec::new();
        while seen.len() < 200 {
            seen.extend(positions(&test.database, seen.last().copied().unwrap_or(0)).await);
        }
        assert_eq!(seen, (1..=200).collect::<Vec<i64>>(), "on {}", test.kind);
        for appender in appenders {
            appender.await.unwrap();
        }
    })
    .await;
}

#[tokio::test]
async fn a_cursor_moves_with_its_transaction() {
    each_database(async |test| {
        let db = &test.database;
        assert_eq!(cursor(db, "scoring").await.unwrap(), 0);
        let dropped = db.begin().await.unwrap();
        advance(&dropped, "scoring", 0, 5).await.unwrap();
        drop(dropped);
        assert_eq!(cursor(db, "scoring").await.unwrap(), 0);
        for (from, to) in [(0, 5), (5, 9)] {
            let transaction = db.begin().await.unwrap();
            advance(&transaction, "scoring", from, to).await.unwrap();
            transaction.commit().await.unwrap();
        }
        assert_eq!(cursor(db, "scoring").await.unwrap(), 9);
        assert_eq!(cursor(db, "coding").await.unwrap(), 0);
        for from in [0, 5, 10] {
            let transaction = db.begin().await.unwrap();
            let moved = advance(&transaction, "scoring", from, 11).await;
            assert!(matches!(moved, Err(Error::Conflict(_))), "from {from}: {moved:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_backlog_is_what_a_consumer_has_not_dealt_with() {
    each_database(async |test| {
        let db = &test.database;
        let waiting = async || backlog(db, "scoring", Topic::Facts).await.unwrap();
        assert_eq!(waiting().await, None);
        appended(db, &NewChange { topic: Topic::Scores, ..change(1) }).await.unwrap();
        assert_eq!(waiting().await, None, "it is of another topic");
        for seconds in [30, 20, 40] {
            appended(db, &NewChange { recorded_at: at(seconds), ..change(1) }).await.unwrap();
        }
        assert_eq!(waiting().await, Some(Backlog { changes: 3, oldest: at(30) }));
        let transaction = db.begin().await.unwrap();
        advance(&transaction, "scoring", 0, 2).await.unwrap();
        transaction.commit().await.unwrap();
        assert_eq!(waiting().await, Some(Backlog { changes: 2, oldest: at(20) }));
        let others = backlog(db, "coding", Topic::Facts).await.unwrap().unwrap();
        assert_eq!(others.changes, 3);
    })
    .await;
}

#[tokio::test]
async fn of_two_replicas_one_advances_the_cursor() {
    each_database(async |test| {
        let advanced = async || {
            let transaction = test.database.begin().await?;
            advance(&transaction, "scoring", 0, 3).await?;
            transaction.commit().await
        };
        let (first, second): (Result<(), Error>, _) = tokio::join!(advanced(), advanced());
        let refused = match (first, second) {
            (Ok(()), Err(error)) | (Err(error), Ok(())) => error,
            both => panic!("{both:?}"),
        };
        assert!(matches!(refused, Error::Conflict(_)), "{refused:?}");
    })
    .await;
}

#[tokio::test]
async fn one_replica_at_a_time_has_the_lease_of_a_cursor() {
    each_database(async |test| {
        let db = &test.database;
        let lease = async |owner, seconds| {
            let ttl = Duration::from_secs(5);
            lease_cursor(db, "scoring", owner, at(seconds), ttl).await.unwrap()
        };
        assert!(lease("a", 0).await, "nobody had it");
        assert!(!lease("b", 4).await);
        assert!(lease("a", 4).await, "it is renewed");
        assert!(!lease("b", 8).await);
        assert!(lease("b", 9).await, "it has expired");
        assert!(!lease("a", 9).await);
        give_back_cursor(db, "scoring", "a").await.unwrap();
        assert!(!lease("a", 9).await, "only its owner gives it back");
        give_back_cursor(db, "scoring", "b").await.unwrap();
        assert!(lease("a", 9).await);
        assert!(lease_cursor(db, "coding", "b", at(9), Duration::ZERO).await.unwrap());
        assert_eq!(cursor(db, "scoring").await.unwrap(), 0, "it stays where it is");
    })
    .await;
}

#[tokio::test]
async fn a_commit_that_appended_wakes_consumers() {
    each_database(async |test| {
        let mut changes = test.database.changed();
        let long = Duration::from_secs(60);
        appended(&test.database, &change(1)).await.unwrap();
        wakes(changes.wait(long), "after the commit").await;
        let transaction = test.database.begin().await.unwrap();
        append(&transaction, &change(2)).await.unwrap();
        drop(transaction);
        test.database.begin().await.unwrap().commit().await.unwrap();
        if test.kind == "sqlite" {
            let woken = tokio::time::timeout(Duration::from_millis(50), changes.wait(long)).await;
            assert!(woken.is_err(), "nothing was appended");
        }
        changes.wait(Duration::from_millis(1)).await;
    })
    .await;
}

async fn wakes(wait: impl Future<Output = ()>, when: &str) {
    let woken = tokio::time::timeout(Duration::from_secs(10), wait).await;
    assert!(woken.is_ok(), "no wake-up {when}");
}

#[tokio::test]
async fn a_commit_in_another_process_wakes_consumers_on_postgres() {
    for test in databases().await.iter().filter(|test| test.kind == "postgres") {
        let mut changes = test.database.changed();
        let other = Database::connect(&test.url).await.unwrap();
        listening(test).await;
        // Several wake-ups may come, one of them at connecting.
        changes.wait(Duration::from_millis(100)).await;
        appended(&other, &change(1)).await.unwrap();
        wakes(changes.wait(Duration::from_secs(60)), "from another connection").await;
    }
}

/// Waits until the listening connection is there.
async fn listening(test: &TestDatabase) {
    let reader = test.database.reader();
    let sql = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() \
               AND query LIKE 'LISTEN%' AND state = 'idle'";
    for _ in 0..500 {
        let listen = Statement::from_string(reader.get_database_backend(), sql);
        if reader.query_one_raw(listen).await.unwrap().is_some() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("nobody listens");
}
