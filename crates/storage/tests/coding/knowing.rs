//! What is known at a time never changes, whoever writes.

use std::time::Duration;

use kehu_core::CustomerId;
use kehu_storage::coding::classes::{Evaluation, Scope, View, get, latest_classified, record};
use kehu_storage::history::{Guarded, Subject, Writer};
use kehu_storage::{Database, Error};
use kehu_tests::classes::{class, known, line, position};
use kehu_tests::{day, each_database, now};
use sea_orm::ConnectionTrait;

use crate::classes::classify;
use crate::published;

/// A writer has taken its time and not yet committed: whoever asks for that time or a later one
/// waits, and hears what the writer wrote.
#[tokio::test]
async fn an_open_writer_is_waited_for() {
    each_database(async |test| {
        let db = &test.database;
        let abc = published(db, "abc").await;
        let before = classify(db, &abc, "2011-12-09", &[(1, "c", 1)]).await;
        let line = line(db, &abc).await.unwrap();
        let evaluation = Evaluation {
            line: &line,
            day: day("2011-12-09"),
            position: position(9, 1),
            run_id: None,
            scope: Scope::Customers(&[1]),
        };
        let transaction = db.begin().await.unwrap();
        let guarded = Guarded::Customers(&[1]);
        let mut writer = Writer::begin(&transaction, Subject::Classes, guarded, 1).await.unwrap();
        record(&mut writer, &evaluation, &[class((1, "a", 9))]).await.unwrap();
        // The clock of the database has gone on since the writer took its time.
        let after = now() + Duration::from_millis(5);
        let reader = Database::connect(&test.url).await.unwrap();
        let asked = tokio::spawn(async move {
            let view = View { true_on: Some(day("2011-12-09")), known_at: Some(after) };
            get(&reader, CustomerId(1), "abc", view).await
        });
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert!(!asked.is_finished(), "it could not know yet what will be known");
        transaction.commit().await.unwrap();
        let answer = asked.await.unwrap().unwrap().unwrap();
        assert_eq!(answer.class, "a");
        let earlier = View { true_on: Some(day("2011-12-09")), known_at: Some(before.known) };
        let earlier = get(db, CustomerId(1), "abc", earlier).await.unwrap().unwrap();
        assert_eq!((earlier.class.as_str(), answer.superseded_at), ("c", None));
    })
    .await;
}

#[tokio::test]
async fn a_time_that_has_not_come_is_refused() {
    each_database(async |test| {
        let db = &test.database;
        let view = now() + Duration::from_secs(3_600);
        let refused = latest_classified(db, None, Some(view)).await;
        assert!(matches!(refused, Err(Error::Conflict(_))), "{refused:?}");
    })
    .await;
}

/// The clock of the database is set back an hour: what follows is known later all the same.
#[tokio::test]
async fn known_times_do_not_run_backwards() {
    each_database(async |test| {
        let db = &test.database;
        let abc = published(db, "abc").await;
        classify(db, &abc, "2011-12-09", &[(1, "c", 1)]).await;
        let transaction = db.begin().await.unwrap();
        let hour = "UPDATE history_guard SET known = known + 3600000000";
        transaction.execute_unprepared(hour).await.unwrap();
        transaction.commit().await.unwrap();
        let last = known(db).await.unwrap();
        classify(db, &abc, "2011-12-10", &[(1, "a", 1)]).await;
        let found = get(db, CustomerId(1), "abc", View::default()).await.unwrap().unwrap();
        assert!(found.recorded_at > last, "{} > {last}", found.recorded_at);
    })
    .await;
}
