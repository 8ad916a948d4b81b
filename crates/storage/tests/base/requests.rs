use kehu_storage::idempotency::{Answer, Known, find, purge, remember};
use kehu_storage::{Database, Error};
use kehu_tests::{at, each_database};

const METHOD: &str = "kehu.scoring.v1.ScoringService/StartScoring";

fn answer<'a>(request_id: &'a str, digest: &'a str) -> Answer<'a> {
    Answer { request_id, method: METHOD, digest, response: vec![0, 1, 0xff] }
}

async fn answered(db: &Database, request_id: &str, seconds: i64) -> Result<(), Error> {
    let transaction = db.begin().await?;
    remember(&transaction, answer(request_id, "d1"), at(seconds)).await?;
    transaction.commit().await
}

#[tokio::test]
async fn a_request_id_is_fresh_or_replayed_or_reused() {
    each_database(async |test| {
        let db = &test.database;
        assert_eq!(find(db, "r1", METHOD, "d1").await.unwrap(), Known::Fresh);
        answered(db, "r1", 0).await.unwrap();
        for (request_id, method, digest, known) in [
            ("r1", METHOD, "d1", Known::Replay(vec![0, 1, 0xff])),
            ("r1", METHOD, "d2", Known::Reused),
            ("r1", "another method", "d1", Known::Reused),
            ("R1", METHOD, "d1", Known::Fresh),
            ("r2", METHOD, "d1", Known::Fresh),
        ] {
            let found = find(db, request_id, method, digest).await.unwrap();
            assert_eq!(found, known, "{request_id} {method} {digest}");
        }
    })
    .await;
}

#[tokio::test]
async fn an_answer_is_kept_only_with_the_work() {
    each_database(async |test| {
        let db = &test.database;
        let transaction = db.begin().await.unwrap();
        remember(&transaction, answer("r1", "d1"), at(0)).await.unwrap();
        drop(transaction);
        assert_eq!(find(db, "r1", METHOD, "d1").await.unwrap(), Known::Fresh);
    })
    .await;
}

#[tokio::test]
async fn of_two_equal_requests_at_once_one_is_told_to_try_again() {
    each_database(async |test| {
        let db = &test.database;
        let (first, second) = tokio::join!(answered(db, "r1", 0), answered(db, "r1", 0));
        let refused = match (first, second) {
            (Ok(()), Err(error)) | (Err(error), Ok(())) => error,
            both => panic!("{both:?}"),
        };
        assert!(matches!(refused, Error::Conflict(_)), "{refused:?}");
    })
    .await;
}

#[tokio::test]
async fn old_answers_are_forgotten() {
    each_database(async |test| {
        let db = &test.database;
        answered(db, "old", 0).await.unwrap();
        answered(db, "new", 60).await.unwrap();
        assert_eq!(purge(db, at(0)).await.unwrap(), 0);
        assert_eq!(purge(db, at(1)).await.unwrap(), 1);
        assert_eq!(find(db, "old", METHOD, "d1").await.unwrap(), Known::Fresh);
        assert_ne!(find(db, "new", METHOD, "d1").await.unwrap(), Known::Fresh);
    })
    .await;
}
