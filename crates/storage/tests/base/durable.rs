//! What was acknowledged is held, whatever went wrong before.

use kehu_storage::bulk::{self, Column, OnConflict};
use kehu_storage::faults::{Fault, Faults};
use kehu_storage::ingestion::{Batch, Entry, Opened, Stream, Written, open_stream, write_batch};
use kehu_storage::pauses::Point;
use kehu_storage::writes::Obstacle;
use kehu_storage::{Database, Error};
use kehu_tests::schedule::Schedule;
use kehu_tests::{SmallDisk, TestDatabase, at, day, each_database, embedded, shop, until};
use sea_orm::{ConnectionTrait, Statement};

const FAULTS: [Fault; 4] = [Fault::Unsent, Fault::Unanswered, Fault::Refused, Fault::RolledBack];

/// More statements than a batch takes.
const MANY: usize = 100;

async fn open(db: &Database, id: &str) -> Stream {
    match open_stream(db, id, shop::SOURCE, "test", at(0)).await.unwrap() {
        Opened::Stream(stream) => stream,
        Opened::OtherSource => panic!("{id} is a stream of another source"),
    }
}

async fn write(db: &Database, stream: &Stream, order: &str) -> Result<(), Error> {
    let sale = shop::sale(&format!("customer of {order}"), order, day("2026-01-05"), 10);
    let batch = Batch { sequence: 1, entries: vec![Entry::Order(sale)], ..Batch::default() };
    match write_batch(db, stream, &batch, at(1)).await? {
        Written::Done(_, _, committed) => committed.durable().await,
        // It is there already: an attempt whose answer was lost had committed.
        Written::TakenOver => Ok(()),
    }
}

async fn number(db: &Database, sql: &str) -> i64 {
    let statement = Statement::from_string(db.reader().get_database_backend(), sql);
    let row = db.reader().query_one_raw(statement).await.unwrap().unwrap();
    row.try_get_by_index(0).unwrap()
}

/// How often an order is held, as somebody sees who opens the database anew.
async fn held(test: &TestDatabase, order: &str) -> i64 {
    let db = Database::connect(&test.url).await.unwrap();
    let sql = format!("SELECT count(*) FROM sales_order WHERE external_id = '{order}'");
    let count = number(&db, &sql).await;
    db.close().await.unwrap();
    count
}

/// Has each statement of a batch go wrong, BEGIN and COMMIT among them.
#[tokio::test]
async fn a_statement_that_goes_wrong_costs_nothing_that_is_acknowledged() {
    each_database(async |test| {
        for fault in FAULTS {
            let places = try_each_place(test, fault).await;
            assert!((5..MANY).contains(&places), "{places} statements of a batch");
        }
    })
    .await;
}

/// Returns how many statements a batch has.
async fn try_each_place(test: &TestDatabase, fault: Fault) -> usize {
    let db = &test.database;
    for place in 0..MANY {
        let faults = Faults::new(fault, place);
        let order = format!("{fault:?} {place}");
        let stream = open(db, &order).await;
        let written = write(&db.faulty(faults.clone()), &stream, &order).await;
        let (struck, last) = (faults.statements() > place, faults.statements() == place + 1);
        assert_eq!(written.is_err(), struck, "{order}: {written:?}");
        // Of a commit without an answer nobody knows what became of it.
        if !(fault == Fault::Unanswered && last && struck) {
            assert_eq!(held(test, &order).await, i64::from(!struck), "{order}");
        }
        let next = format!("after {order}");
        write(db, &open(db, &next).await, &next).await.unwrap();
        assert_eq!(held(test, &next).await, 1, "{next}");
        write(db, &open(db, &order).await, &order).await.unwrap();
        assert_eq!(held(test, &order).await, 1, "{order}, sent once more");
        if !struck {
            return place;
        }
    }
    MANY
}

/// A row that is much larger than what is left over anywhere.
async fn insert(db: &Database, id: i64) -> Result<(), Error> {
    let transaction = db.begin().await?;
    let columns =
        [("id", Column::I64(vec![id])), ("text", Column::Text(vec!["much ".repeat(20_000)]))];
    bulk::insert(&transaction, "sample", &columns, OnConflict::Fail).await?;
    transaction.commit().await
}

async fn with_sample_table(db: &Database) {
    let transaction = db.begin().await.unwrap();
    let table = "CREATE TABLE sample (id bigint PRIMARY KEY, text text)";
    transaction.execute_unprepared(table).await.unwrap();
    transaction.commit().await.unwrap();
}

/// Inserts until there is no room, and returns how many rows were acknowledged.
async fn fill(db: &Database) -> i64 {
    for id in 0.. {
        match insert(db, id).await {
            Ok(()) => assert!(id < 1_000, "it is never full"),
            Err(Error::Unavailable(_)) => return id,
            Err(other) => panic!("{other:?}"),
        }
    }
    unreachable!("there is room for ever")
}

#[tokio::test]
async fn what_is_acknowledged_after_a_full_disk_is_held() {
    let Some(disk) = SmallDisk::mount(8) else { return };
    let url = format!("sqlite://{}/kehu.db", disk.path().display());
    let db = Database::connect(&url).await.unwrap();
    db.migrate().await.unwrap();
    with_sample_table(&db).await;
    let mut acknowledged = fill(&db).await;
    assert_eq!(*db.obstacle().borrow(), Some(Obstacle::Full));
    assert!(matches!(db.try_write().await, Err(Error::Unavailable(_))), "it is still full");
    assert!(matches!(insert(&db, 2_000).await, Err(Error::Unavailable(_))));
    disk.resize(64);
    for id in 3_000..3_010 {
        insert(&db, id).await.unwrap();
        acknowledged += 1;
    }
    // What was refused must not be rolled back together with what came after.
    let given_up = db.begin().await.unwrap();
    given_up.rollback().await.unwrap();
    assert_eq!(number(&db, "SELECT count(*) FROM sample").await, acknowledged);
    db.try_write().await.unwrap();
    assert_eq!(*db.obstacle().borrow(), None);
    assert_eq!(number(&db, "SELECT count(*) FROM write_probe").await, 0);
    let again = Database::connect(&url).await.unwrap();
    assert_eq!(number(&again, "SELECT count(*) FROM sample").await, acknowledged);
}

/// The same without a disk of its own: the database must not grow.
#[tokio::test]
async fn what_is_acknowledged_after_a_full_database_is_held() {
    let test = embedded().await;
    let db = &test.database;
    with_sample_table(db).await;
    let transaction = db.begin().await.unwrap();
    transaction.execute_unprepared("PRAGMA max_page_count = 300").await.unwrap();
    transaction.commit().await.unwrap();
    let acknowledged = fill(db).await;
    assert_eq!(*db.obstacle().borrow(), Some(Obstacle::Full));
    // The connection that was not to grow is gone.
    insert(db, 2_000).await.unwrap();
    db.begin().await.unwrap().rollback().await.unwrap();
    assert_eq!(number(db, "SELECT count(*) FROM sample").await, acknowledged + 1);
    let again = Database::connect(&test.url).await.unwrap();
    assert_eq!(number(&again, "SELECT count(*) FROM sample").await, acknowledged + 1);
}

#[tokio::test]
async fn it_is_tried_whether_a_database_takes_writes() {
    each_database(async |test| {
        test.database.try_write().await.unwrap();
        assert_eq!(*test.database.obstacle().borrow(), None);
        assert_eq!(number(&test.database, "SELECT count(*) FROM write_probe").await, 0);
    })
    .await;
}

/// What a standby or a database that was made read-only answers.
#[tokio::test]
async fn a_database_that_is_only_read_is_an_obstacle() {
    each_database(async |test| {
        if test.kind == "postgres" {
            let transaction = test.database.begin().await.unwrap();
            transaction.execute_unprepared("SET TRANSACTION READ ONLY").await.unwrap();
            let refused = transaction.execute_unprepared("DELETE FROM write_probe").await;
            let refused = refused.map_err(Error::from);
            assert!(matches!(refused, Err(Error::Unavailable(_))), "{refused:?}");
            assert_eq!(*test.database.obstacle().borrow(), Some(Obstacle::ReadOnly));
        }
    })
    .await;
}

/// A server that breaks down loses what it has committed and not brought to disk, and is up again
/// before anybody asks: its connections are all that shows it.
#[tokio::test]
async fn a_commit_is_not_acknowledged_by_a_server_that_broke_down_before_it_was_on_disk() {
    each_database(async |test| {
        if test.kind == "postgres" {
            let db = &test.database;
            write(db, &open(db, "before").await, "before").await.unwrap();
            let stream = open(db, "lost").await;
            let schedule = Schedule::on(test);
            let mut writer =
                schedule.actor("writer", async move |db| write(&db, &stream, "lost").await);
            writer.until(Point::Flush).await;
            let cut = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE \
                       datname = current_database() AND pid <> pg_backend_pid()";
            let other = Database::connect(&test.url).await.unwrap();
            assert!(number(&other, cut).await > 0);
            let written = writer.finish().await;
            assert!(matches!(written, Err(Error::Unavailable(_))), "{written:?}");
            until("it goes on", async || {
                let opened = open_stream(db, "after", shop::SOURCE, "test", at(0)).await;
                let Ok(Opened::Stream(stream)) = opened else { return false };
                write(db, &stream, "after").await.is_ok()
            })
            .await;
            assert_eq!(held(test, "after").await, 1);
        }
    })
    .await;
}

/// The database becomes read-only between two statements of a transaction.
#[tokio::test]
async fn what_meets_a_database_that_can_only_be_read_is_not_acknowledged() {
    each_database(async |test| {
        let db = &test.database;
        with_sample_table(db).await;
        insert(db, 1).await.unwrap();
        let transaction = db.begin().await.unwrap();
        let row = |id| format!("INSERT INTO sample (id, text) VALUES ({id}, '')");
        transaction.execute_unprepared(&row(2)).await.unwrap();
        let only_read = match test.kind {
            "sqlite" => "PRAGMA query_only = ON",
            _ => "SET TRANSACTION READ ONLY",
        };
        transaction.execute_unprepared(only_read).await.unwrap();
        let refused = transaction.execute_unprepared(&row(3)).await.map_err(Error::from);
        assert!(matches!(refused, Err(Error::Unavailable(_))), "{refused:?}");
        let committed = transaction.commit().await;
        assert!(committed.is_err(), "{committed:?} on {}", test.kind);
        assert_eq!(*db.obstacle().borrow(), Some(Obstacle::ReadOnly));
        db.try_write().await.expect("another connection writes");
        assert_eq!(*db.obstacle().borrow(), None);
        insert(db, 4).await.unwrap();
        assert_eq!(
            number(db, "SELECT CAST(sum(id) AS bigint) FROM sample").await,
            5,
            "on {}",
            test.kind
        );
    })
    .await;
}
