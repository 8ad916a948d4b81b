use std::time::Duration;

use kehu_storage::bulk::{self, Column, OnConflict};
use kehu_storage::{Database, Error, Transaction, change_log};
use kehu_tests::{TestDatabase, at, databases, each_database, until};
use sea_orm::{ConnectionTrait, DbErr, Statement};

async fn count(connection: &impl ConnectionTrait) -> i64 {
    let backend = connection.get_database_backend();
    let sql = "SELECT COUNT(*) AS n FROM sample";
    let row = connection.query_one_raw(Statement::from_string(backend, sql)).await.unwrap();
    row.unwrap().try_get("", "n").unwrap()
}

async fn with_sample_table(db: &Database) {
    let transaction = db.begin().await.unwrap();
    transaction.execute_unprepared("CREATE TABLE sample (id bigint PRIMARY KEY)").await.unwrap();
    transaction.commit().await.unwrap();
}

async fn insert(transaction: &Transaction, id: i64) -> Result<u64, Error> {
    bulk::insert(transaction, "sample", &[("id", Column::I64(vec![id]))], OnConflict::Fail).await
}

#[tokio::test]
async fn migrating_twice_changes_nothing_and_leaves_nothing_pending() {
    each_database(async |test| {
        assert_eq!(test.database.pending_migrations().await.unwrap(), Vec::<String>::new());
        let (first, second) = tokio::join!(test.database.migrate(), test.database.migrate());
        first.unwrap();
        second.unwrap();
    })
    .await;
}

#[tokio::test]
async fn an_empty_database_says_what_is_pending_and_stays_empty() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/deep/down/kehu.db", folder.path().display());
    let db = Database::connect(&url).await.unwrap();
    let pending = db.pending_migrations().await.unwrap();
    assert_eq!(pending.first().map(String::as_str), Some("m0001_base"));
    assert_eq!(db.pending_migrations().await.unwrap(), pending);
    db.migrate().await.unwrap();
    assert_eq!(db.pending_migrations().await.unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn a_dropped_transaction_leaves_nothing() {
    each_database(async |test| {
        let db = &test.database;
        with_sample_table(db).await;
        let dropped = db.begin().await.unwrap();
        insert(&dropped, 1).await.unwrap();
        assert_eq!(count(&dropped).await, 1, "a transaction sees its own rows");
        assert_eq!(count(db.reader()).await, 0, "a reader does not");
        drop(dropped);
        let kept = db.begin().await.unwrap();
        assert_eq!(count(&kept).await, 0);
        insert(&kept, 2).await.unwrap();
        kept.commit().await.unwrap();
        assert_eq!(count(db.reader()).await, 1);
    })
    .await;
}

#[tokio::test]
async fn what_is_committed_together_is_all_there() {
    each_database(async |test| {
        let db = &test.database;
        with_sample_table(db).await;
        let one = async |id| {
            let transaction = db.begin().await?;
            insert(&transaction, id).await?;
            transaction.commit_together().await
        };
        futures::future::try_join_all((0..40).map(one)).await.unwrap();
        assert_eq!(count(db.reader()).await, 40);
        let failed = db.begin().await.unwrap();
        insert(&failed, 40).await.unwrap();
        insert(&failed, 1).await.unwrap_err();
        let committed = failed.commit_together().await;
        let rows = count(db.reader()).await;
        assert!(committed.is_err() == (rows == 40), "{committed:?} with {rows} rows");
    })
    .await;
}

#[tokio::test]
async fn a_transaction_given_up_while_it_waits_harms_nobody() {
    each_database(async |test| {
        let db = &test.database;
        with_sample_table(db).await;
        let holder = db.begin().await.unwrap();
        insert(&holder, 1).await.unwrap();
        let waiting = async {
            let late = db.begin().await?;
            insert(&late, 1).await?;
            late.commit().await
        };
        let given_up = tokio::time::timeout(std::time::Duration::from_millis(100), waiting).await;
        assert!(given_up.is_err(), "the same key waits for the first transaction");
        holder.commit().await.unwrap();
        let next = db.begin().await.unwrap();
        insert(&next, 2).await.unwrap();
        next.commit().await.unwrap();
        assert_eq!(count(db.reader()).await, 2);
    })
    .await;
}

#[tokio::test]
async fn a_second_row_with_the_same_key_already_exists() {
    each_database(async |test| {
        let db = &test.database;
        with_sample_table(db).await;
        let transaction = db.begin().await.unwrap();
        insert(&transaction, 1).await.unwrap();
        let again = insert(&transaction, 1).await;
        assert!(matches!(again, Err(Error::AlreadyExists { .. })), "{again:?}");
    })
    .await;
}

#[tokio::test]
async fn writing_through_the_reader_fails_on_sqlite() {
    each_database(async |test| {
        if test.kind == "sqlite" {
            let sql = "UPDATE change_cursor SET position = '7'";
            let written: Result<_, DbErr> = test.database.reader().execute_unprepared(sql).await;
            assert!(written.is_err());
        }
    })
    .await;
}

#[tokio::test]
async fn a_database_that_cannot_be_reached_is_unavailable() {
    for url in [
        "mysql://localhost/kehu",
        "sqlite::memory:",
        "sqlite:///proc/nothing/kehu.db",
        "postgres://kehu@127.0.0.1:1/kehu",
    ] {
        let connected = Database::connect(url).await;
        assert!(matches!(connected, Err(Error::Unavailable(_))), "{url}: {connected:?}");
    }
}

#[tokio::test]
async fn a_password_is_not_shown() {
    each_database(async |test| {
        if test.kind == "postgres" {
            let url = test.url.replace("kehu@", "kehu:s3cret@");
            let db = Database::connect(&url).await.unwrap();
            let shown = format!("{db:?} {:?}", db.begin().await.unwrap());
            assert!(!shown.contains("s3cret"), "{shown}");
            let refused = Database::connect(&url.replace("kehu_test", "no_such")).await;
            assert!(!format!("{refused:?}").contains("s3cret"), "{refused:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_statement_that_takes_too_long_is_ended() {
    each_database(async |test| {
        if test.kind == "postgres" {
            let options = kehu_storage::Options {
                statement_timeout: std::time::Duration::from_secs(1),
                ..Default::default()
            };
            let db = Database::connect_with(&test.url, &options).await.unwrap();
            let slow = db.reader().execute_unprepared("SELECT pg_sleep(60)").await;
            let slow = slow.map_err(Error::from);
            assert!(matches!(slow, Err(Error::Unavailable(_))), "{slow:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn an_error_does_not_tell_the_values_of_a_row() {
    each_database(async |test| {
        let db = &test.database;
        let transaction = db.begin().await.unwrap();
        let table = "CREATE TABLE person (id bigint NOT NULL, name text UNIQUE)";
        transaction.execute_unprepared(table).await.unwrap();
        transaction.commit().await.unwrap();
        for failing in [
            "INSERT INTO person VALUES (1, 'Ada'), (2, 'Ada')",
            "INSERT INTO person VALUES (NULL, 'Ada')",
        ] {
            let transaction = db.begin().await.unwrap();
            let error = Error::from(transaction.execute_unprepared(failing).await.unwrap_err());
            transaction.rollback().await.unwrap();
            assert!(!format!("{error} {error:?}").contains("Ada"), "{error:?}");
        }
    })
    .await;
}

/// Callers that have given up while they waited for a lock must not keep others from reading.
#[tokio::test]
async fn calls_dropped_while_they_wait_for_a_lock_free_their_connections() {
    each_database(async |test| {
        let options = kehu_storage::Options {
            max_connections: 4,
            acquire_timeout: Duration::from_secs(20),
            ..Default::default()
        };
        let db = Database::connect_with(&test.url, &options).await.unwrap();
        with_sample_table(&db).await;
        let holder = test.database.begin().await.unwrap();
        insert(&holder, 1).await.unwrap();
        let mut waiting = tokio::task::JoinSet::new();
        for _ in 0..10 {
            let db = db.clone();
            waiting.spawn(async move {
                tokio::time::timeout(Duration::from_millis(100), write(&db)).await.is_err()
            });
        }
        assert!(waiting.join_all().await.into_iter().all(|given_up| given_up));
        assert_eq!(count(db.reader()).await, 0, "a reader finds a connection");
        if test.kind == "postgres" {
            nobody_waits(test).await;
        }
        drop(holder);
        write(&db).await.unwrap();
        assert_eq!(count(db.reader()).await, 1);
    })
    .await;
}

async fn write(db: &Database) -> Result<(), Error> {
    let transaction = db.begin().await?;
    insert(&transaction, 1).await?;
    transaction.commit().await
}

/// Waits until the server has ended every statement that waits for a lock.
async fn nobody_waits(test: &TestDatabase) {
    let sql = "SELECT COUNT(*) AS n FROM pg_stat_activity \
               WHERE datname = current_database() AND wait_event_type = 'Lock'";
    let reader = test.database.reader();
    until("the dropped statements to end", async || {
        let statement = Statement::from_string(reader.get_database_backend(), sql);
        let row = reader.query_one_raw(statement).await.unwrap().unwrap();
        row.try_get::<i64>("", "n").unwrap() == 0
    })
    .await;
}

#[tokio::test]
async fn a_read_that_is_dropped_midway_gives_its_connection_back() {
    for test in databases().await.iter().filter(|test| test.kind == "postgres") {
        let options = kehu_storage::Options { max_connections: 1, ..Default::default() };
        let db = Database::connect_with(&test.url, &options).await.unwrap();
        let slow = db.reader().execute_unprepared("SELECT pg_sleep(100)");
        assert!(tokio::time::timeout(Duration::from_millis(100), slow).await.is_err());
        db.ping().await.unwrap();
    }
}

#[tokio::test]
async fn a_transaction_that_failed_does_not_commit() {
    for test in databases().await.iter().filter(|test| test.kind == "postgres") {
        with_sample_table(&test.database).await;
        let transaction = test.database.begin().await.unwrap();
        insert(&transaction, 1).await.unwrap();
        insert(&transaction, 1).await.unwrap_err();
        transaction.commit().await.unwrap_err();
        assert_eq!(count(test.database.reader()).await, 0);
    }
}

#[tokio::test]
async fn a_session_says_how_it_isolates_and_what_it_waits_for() {
    for test in databases().await.iter().filter(|test| test.kind == "postgres") {
        let options = kehu_storage::Options {
            lock_timeout: Duration::from_millis(7_000),
            ..Default::default()
        };
        let db = Database::connect_with(&test.url, &options).await.unwrap();
        for (setting, value) in [
            ("default_transaction_isolation", "read committed"),
            ("synchronous_commit", "on"),
            ("lock_timeout", "7s"),
            ("statement_timeout", "2min"),
            ("idle_in_transaction_session_timeout", "1min"),
            ("client_connection_check_interval", "500ms"),
        ] {
            let show =
                Statement::from_string(sea_orm::DbBackend::Postgres, format!("SHOW {setting}"));
            let row = db.reader().query_one_raw(show).await.unwrap().unwrap();
            assert_eq!(row.try_get_by_index::<String>(0).unwrap(), value, "{setting}");
        }
    }
}

#[tokio::test]
async fn a_lock_that_is_not_let_go_is_a_conflict() {
    for test in databases().await.iter().filter(|test| test.kind == "postgres") {
        let options =
            kehu_storage::Options { lock_timeout: Duration::from_millis(50), ..Default::default() };
        let db = Database::connect_with(&test.url, &options).await.unwrap();
        with_sample_table(&db).await;
        let holder = test.database.begin().await.unwrap();
        insert(&holder, 1).await.unwrap();
        let late = db.begin().await.unwrap();
        let refused = insert(&late, 1).await;
        assert!(matches!(refused, Err(Error::Conflict(_))), "{refused:?}");
    }
}

#[tokio::test]
async fn leases_are_taken_while_all_other_connections_are_in_use() {
    for test in databases().await.iter().filter(|test| test.kind == "postgres") {
        let options = kehu_storage::Options {
            max_connections: 1,
            acquire_timeout: Duration::from_secs(20),
            ..Default::default()
        };
        let db = Database::connect_with(&test.url, &options).await.unwrap();
        let busy = db.begin().await.unwrap();
        let ttl = Duration::from_secs(10);
        assert!(change_log::lease_cursor(&db, "scoring", "a", at(0), ttl).await.unwrap());
        drop(busy);
    }
}
