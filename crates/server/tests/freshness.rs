//! Waiting until what is read follows from a write, on both databases.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use kehu_contract::error::ErrorReason;
use kehu_server::{Fault, Violations, deadline, fault, freshness};
use kehu_storage::{
    Database,
    change_log::{
        self, NewChange, Position,
        Reading::{self, Classes, Codes, Facts, Scores},
        Topic, consumers,
    },
};
use kehu_tests::{changes, each_database};
use std::time::Duration;
use tokio::time::Instant;
use tonic::{Code, Status};
use tonic_types::StatusExt;

/// Appends a change that was made of another.
async fn append(db: &Database, topic: Topic, cause: Option<Position>) -> Position {
    let transaction = db.begin().await.unwrap();
    let change = NewChange { cause, ..changes::change(topic) };
    let position = change_log::append(&transaction, &change).await.unwrap();
    transaction.commit().await.unwrap();
    position
}

/// A consumer goes on to a position.
async fn follow(db: &Database, consumer: &str, to: Position) {
    let from = change_log::cursor(db, consumer).await.unwrap();
    let transaction = db.begin().await.unwrap();
    change_log::advance(&transaction, consumer, from, to).await.unwrap();
    transaction.commit().await.unwrap();
}

/// Reads with a token, in a call that has so much time.
async fn read(
    db: &Database,
    reading: Reading,
    token: &str,
    time: Duration,
) -> Result<String, Fault> {
    let mut violations = Violations::new();
    let wanted = freshness::parse("at_least_as_fresh", token, &mut violations);
    violations.finish()?;
    deadline::scope(Instant::now() + time, wanted.wait(db, reading)).await
}

/// Whether a read with the token is answered at once.
async fn is_fresh(db: &Database, reading: Reading, token: &str) -> bool {
    match read(db, reading, token, Duration::ZERO).await {
        Ok(_) => true,
        Err(Fault::NotFresh { .. }) => false,
        Err(fault) => panic!("{fault:?}"),
    }
}

#[tokio::test]
async fn a_read_is_as_fresh_as_what_follows_from_the_write() {
    each_database(async |test| {
        let db = &test.database;
        let fact = append(db, Topic::Facts, None).await;
        let token = freshness::token(db, Some(fact)).await.unwrap();
        assert!(is_fresh(db, Facts, &token).await);
        assert!(!is_fresh(db, Scores, &token).await);
        follow(db, consumers::SCORES, fact).await;
        let score = append(db, Topic::Scores, Some(fact)).await;
        assert!(is_fresh(db, Scores, &token).await);
        follow(db, consumers::CLASSES_OF_FACTS, fact).await;
        assert!(!is_fresh(db, Classes, &token).await, "the score has not been considered");
        let run = append(db, Topic::Scores, None).await;
        follow(db, consumers::CLASSES_OF_SCORES, score).await;
        assert!(is_fresh(db, Classes, &token).await, "what came later does not matter");
        let of_run = freshness::token(db, Some(run)).await.unwrap();
        assert!(!is_fresh(db, Classes, &of_run).await);
        follow(db, consumers::CODES_OF_FACTS, fact).await;
        let class = append(db, Topic::Classes, Some(fact)).await;
        assert!(!is_fresh(db, Codes, &token).await);
        follow(db, consumers::CODES_OF_CLASSES, class).await;
        assert!(is_fresh(db, Codes, &token).await);
    })
    .await;
}

#[tokio::test]
async fn an_answer_is_as_fresh_as_its_token() {
    each_database(async |test| {
        let db = &test.database;
        let empty = read(db, Codes, "", Duration::ZERO).await.unwrap();
        assert!(is_fresh(db, Codes, &empty).await, "nothing was written");
        let first = append(db, Topic::Facts, None).await;
        follow(db, consumers::SCORES, first).await;
        let second = append(db, Topic::Facts, None).await;
        let answered = read(db, Scores, "", Duration::ZERO).await.unwrap();
        assert!(is_fresh(db, Scores, &answered).await, "the same again waits for nothing");
        assert!(!is_fresh(db, Classes, &answered).await, "the first was not considered there");
        let second = freshness::token(db, Some(second)).await.unwrap();
        assert!(!is_fresh(db, Scores, &second).await);
        let unchanged = freshness::token(db, None).await.unwrap();
        assert_eq!(unchanged, second, "all that was written before");
    })
    .await;
}

#[tokio::test]
async fn who_waits_is_woken() {
    each_database(async |test| {
        let db = &test.database;
        let fact = append(db, Topic::Facts, None).await;
        let token = freshness::token(db, Some(fact)).await.unwrap();
        // Another process, as it were, with connections of its own.
        let other = Database::connect(&test.url).await.unwrap();
        let waiting =
            tokio::spawn(
                async move { read(&other, Scores, &token, Duration::from_secs(240)).await },
            );
        tokio::task::yield_now().await;
        follow(db, consumers::SCORES, fact).await;
        waiting.await.unwrap().unwrap();
    })
    .await;
}

#[tokio::test]
async fn who_waits_too_long_is_told_who_is_behind() {
    each_database(async |test| {
        let db = &test.database;
        let fact = append(db, Topic::Facts, None).await;
        let token = freshness::token(db, Some(fact)).await.unwrap();
        let time = Duration::from_millis(200);
        let status = Status::from(read(db, Classes, &token, time).await.unwrap_err());
        assert_eq!(status.code(), Code::Unavailable);
        assert_eq!(fault::reason(&status), Some(ErrorReason::NotFresh));
        assert!(status.get_details_retry_info().is_some());
        let info = status.get_details_error_info().unwrap();
        assert_eq!(info.metadata["behind"], "scoring coding-facts");
    })
    .await;
}

#[tokio::test]
async fn the_token_of_another_database_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("other.db").display());
    let other = Database::connect(&url).await.unwrap();
    other.migrate().await.unwrap();
    let foreign = freshness::token(&other, None).await.unwrap();
    each_database(async |test| {
        let db = &test.database;
        let refused = read(db, Scores, &foreign, Duration::ZERO).await;
        assert!(matches!(refused, Err(Fault::Invalid(_))), "{refused:?}");
        let later = "0fff.000000000001.0000".parse().unwrap();
        let later = freshness::token(db, Some(later)).await.unwrap();
        let refused = read(db, Scores, &later, Duration::ZERO).await;
        assert!(matches!(refused, Err(Fault::Invalid(_))), "{refused:?}");
    })
    .await;
}
