use std::time::Duration;

use chrono::NaiveDate;
use kehu_core::CustomerId;
use kehu_storage::change_log::{
    Backlog, NewChange, Position, Topic, advance, append, backlog, cursor, end, give_back_cursor,
    lease_cursor, read, trim, waits,
};
use kehu_storage::{Database, Error};
use kehu_tests::{TestDatabase, at, databases, each_database, until};
use sea_orm::{ConnectionTrait, Statement, TransactionTrait};

fn change(customer: i64) -> NewChange {
    NewChange {
        topic: Topic::Facts,
        customers: vec![CustomerId(customer), CustomerId(customer + 1)],
        first_day: NaiveDate::from_ymd_opt(1969, 12, 31).unwrap(),
        last_day: NaiveDate::from_ymd_opt(2011, 12, 9).unwrap(),
        as_of: None,
        recorded_at: at(7),
        cause: None,
    }
}

async fn appended(db: &Database, change: &NewChange) -> Result<Position, Error> {
    let transaction = db.begin().await?;
    let position = append(&transaction, change).await?;
    transaction.commit().await?;
    Ok(position)
}

/// The first customers of the changes after a position, as they are read.
async fn customers(db: &Database, after: Position) -> Vec<i64> {
    let changes = read(db, Topic::Facts, after, 1_000).await.unwrap();
    changes.iter().map(|change| change.customers[0].0).collect()
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
        assert_eq!(end(db).await.unwrap(), Position::START);
        let first = appended(db, &change(1)).await.unwrap();
        let second = appended(db, &scores).await.unwrap();
        let third = appended(db, &change(3)).await.unwrap();
        assert!(Position::START < first && first < second && second < third);
        assert_eq!(end(db).await.unwrap(), third);
        assert_eq!(customers(db, Position::START).await, [1, 3], "the topics are apart");
        assert_eq!(customers(db, first).await, [3]);
        assert_eq!(read(db, Topic::Facts, Position::START, 1).await.unwrap().len(), 1);
        let read = read(db, Topic::Scores, Position::START, 10).await.unwrap().remove(0);
        assert_eq!((read.position, read.topic, read.customers), (second, scores.topic, vec![]));
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

/// The same two transactions as in the trap: the second commits, and is read after the first.
#[tokio::test]
async fn the_change_log_lets_nobody_skip() {
    for test in databases().await.iter().filter(|test| test.kind == "postgres") {
        let db = &test.database;
        let slow = db.begin().await.unwrap();
        append(&slow, &change(1)).await.unwrap();
        let quick = appended(db, &change(2)).await.unwrap();
        assert_eq!(customers(db, Position::START).await, [0_i64; 0], "the first is still open");
        assert!(waits(db, Topic::Facts, Position::START).await.unwrap());
        slow.commit().await.unwrap();
        assert_eq!(customers(db, Position::START).await, [1, 2]);
        assert!(!waits(db, Topic::Facts, quick).await.unwrap());
    }
}

/// A writer has its place from its first write on, and may append long after.
#[tokio::test]
async fn a_writer_that_has_not_appended_yet_is_not_skipped() {
    for test in databases().await.iter().filter(|test| test.kind == "postgres") {
        let db = &test.database;
        let table = "CREATE TABLE sample (id bigint)";
        db.reader().execute_unprepared(table).await.unwrap();
        let (early, idle) = (db.begin().await.unwrap(), db.begin().await.unwrap());
        early.execute_unprepared("INSERT INTO sample VALUES (1)").await.unwrap();
        let first = appended(db, &change(2)).await.unwrap();
        assert_eq!(customers(db, Position::START).await, [0_i64; 0]);
        let position = append(&early, &change(1)).await.unwrap();
        assert!(position < first, "it began to write before");
        early.commit().await.unwrap();
        assert_eq!(
            customers(db, Position::START).await,
            [1, 2],
            "who wrote nothing holds up nobody"
        );
        let last = append(&idle, &change(3)).await.unwrap();
        idle.commit().await.unwrap();
        assert!(last > first);
        assert_eq!(customers(db, first).await, [3]);
    }
}

#[tokio::test]
async fn writers_that_roll_back_and_writers_of_others_hold_up_nobody() {
    for test in databases().await.iter().filter(|test| test.kind == "postgres") {
        let db = &test.database;
        let mut rolled_back = Vec::new();
        for customer in 0..3 {
            let transaction = db.begin().await.unwrap();
            append(&transaction, &change(customer)).await.unwrap();
            rolled_back.push(transaction);
        }
        let foreign = foreign_writer(test).await;
        appended(db, &change(7)).await.unwrap();
        drop(rolled_back.pop());
        for transaction in rolled_back {
            transaction.rollback().await.unwrap();
        }
        until("the dropped writer to end", async || customers(db, Position::START).await == [7])
            .await;
        foreign.rollback().await.unwrap();
    }
}

/// A transaction with an id, in the same database, that has nothing to do with Kehu's log.
async fn foreign_writer(test: &TestDatabase) -> sea_orm::DatabaseTransaction {
    let connection = sea_orm::Database::connect(&test.url).await.unwrap();
    let transaction = connection.begin().await.unwrap();
    transaction.execute_unprepared("CREATE TABLE foreign_table (id bigint)").await.unwrap();
    transaction
}

/// The log of a server that had counted further, as a restored dump brings it.
#[tokio::test]
async fn a_restored_log_is_followed_on() {
    for test in databases().await.iter().filter(|test| test.kind == "postgres") {
        let db = &test.database;
        appended(db, &change(1)).await.unwrap();
        let ahead = "UPDATE change_log SET position = '0001.0000ffffffff.0000'";
        db.reader().execute_unprepared(ahead).await.unwrap();
        let restored = end(db).await.unwrap();
        assert_eq!(customers(db, Position::START).await, [1]);
        let transaction = db.begin().await.unwrap();
        advance(&transaction, "scoring", Position::START, restored).await.unwrap();
        transaction.commit().await.unwrap();

        let (left, right) = (db.begin().await.unwrap(), db.begin().await.unwrap());
        append(&left, &change(2)).await.unwrap();
        append(&right, &change(3)).await.unwrap();
        append(&right, &change(4)).await.unwrap();
        right.commit().await.unwrap();
        assert_eq!(customers(db, restored).await, [0_i64; 0], "the other is open");
        left.commit().await.unwrap();
        assert_eq!(customers(db, restored).await, [2, 3, 4]);
        appended(db, &change(5)).await.unwrap();
        assert_eq!(customers(db, restored).await, [2, 3, 4, 5]);
    }
}

#[tokio::test]
async fn a_rolled_back_change_is_not_read() {
    each_database(async |test| {
        let db = &test.database;
        let first = appended(db, &change(1)).await.unwrap();
        let dropped = db.begin().await.unwrap();
        append(&dropped, &change(2)).await.unwrap();
        dropped.rollback().await.unwrap();
        assert!(appended(db, &change(3)).await.unwrap() > first);
        assert_eq!(customers(db, Position::START).await, [1, 3]);
    })
    .await;
}

#[tokio::test]
async fn changes_of_one_transaction_are_in_order() {
    each_database(async |test| {
        let db = &test.database;
        let transaction = db.begin().await.unwrap();
        for customer in 0..20 {
            append(&transaction, &change(customer)).await.unwrap();
        }
        transaction.commit().await.unwrap();
        assert_eq!(customers(db, Position::START).await, (0..20).collect::<Vec<i64>>());
    })
    .await;
}

#[tokio::test]
async fn old_changes_end_behind_all_cursors() {
    each_database(async |test| {
        let db = &test.database;
        let mut positions = Vec::new();
        for seconds in [10, 20, 30, 40] {
            let change = NewChange { recorded_at: at(seconds), ..change(seconds) };
            positions.push(appended(db, &change).await.unwrap());
        }
        assert_eq!(trim(db, at(100)).await.unwrap(), 0, "nobody has dealt with anything");
        for (consumer, to) in [("scoring", positions[3]), ("coding", positions[1])] {
            let transaction = db.begin().await.unwrap();
            advance(&transaction, consumer, Position::START, to).await.unwrap();
            transaction.commit().await.unwrap();
        }
        assert_eq!(trim(db, at(15)).await.unwrap(), 1, "the others are not old");
        assert_eq!(trim(db, at(100)).await.unwrap(), 1, "the others wait for coding");
        let transaction = db.begin().await.unwrap();
        advance(&transaction, "coding", positions[1], positions[3]).await.unwrap();
        transaction.commit().await.unwrap();
        assert_eq!(trim(db, at(100)).await.unwrap(), 1, "the last one stays");
        assert_eq!(customers(db, Position::START).await, [40]);
        assert!(appended(db, &change(50)).await.unwrap() > positions[3]);
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
        let (mut after, mut seen) = (Position::START, [0; 25]);
        while seen.iter().sum::<usize>() < 200 {
            for change in read(&test.database, Topic::Facts, after, 1_000).await.unwrap() {
                assert!(change.position > after);
                after = change.position;
                seen[usize::try_from(change.customers[0].0).unwrap()] += 1;
            }
        }
        assert_eq!(seen, [8; 25], "on {}", test.kind);
        for appender in appenders {
            appender.await.unwrap();
        }
    })
    .await;
}

/// Some place in the log.
fn place(transaction: u8) -> Position {
    format!("0001.{transaction:012x}.0000").parse().unwrap()
}

#[tokio::test]
async fn a_cursor_moves_with_its_transaction() {
    each_database(async |test| {
        let db = &test.database;
        let places: Vec<Position> = [5, 9, 10, 11].map(place).to_vec();
        let (five, nine) = (places[0], places[1]);
        assert_eq!(cursor(db, "scoring").await.unwrap(), Position::START);
        let dropped = db.begin().await.unwrap();
        advance(&dropped, "scoring", Position::START, five).await.unwrap();
        drop(dropped);
        assert_eq!(cursor(db, "scoring").await.unwrap(), Position::START);
        for (from, to) in [(Position::START, five), (five, nine)] {
            let transaction = db.begin().await.unwrap();
            advance(&transaction, "scoring", from, to).await.unwrap();
            transaction.commit().await.unwrap();
        }
        assert_eq!(cursor(db, "scoring").await.unwrap(), nine);
        assert_eq!(cursor(db, "coding").await.unwrap(), Position::START);
        for from in [Position::START, five, places[2]] {
            let transaction = db.begin().await.unwrap();
            let moved = advance(&transaction, "scoring", from, places[3]).await;
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
        let mut positions = Vec::new();
        for seconds in [30, 20, 40] {
            let change = NewChange { recorded_at: at(seconds), ..change(1) };
            positions.push(appended(db, &change).await.unwrap());
        }
        assert_eq!(waiting().await, Some(Backlog { changes: 3, oldest: at(30) }));
        let transaction = db.begin().await.unwrap();
        advance(&transaction, "scoring", Position::START, positions[0]).await.unwrap();
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
            advance(&transaction, "scoring", Position::START, place(3)).await?;
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
        assert_eq!(cursor(db, "scoring").await.unwrap(), Position::START, "it stays where it is");
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
