//! When a version is in force: as soon as a run has been through everybody, for all at once.

use kehu_core::CustomerId;
use kehu_storage::Database;
use kehu_storage::change_log::Position;
use kehu_storage::coding::classes::{
    ClassLine, Evaluation, Scope, View, complete, get, in_force, record,
};
use kehu_storage::coding::taxonomies::TaxonomyVersion;
use kehu_storage::history::{Guarded, Subject, Writer};
use kehu_tests::classes::{class, known};
use kehu_tests::{day, each_database};

use crate::published;

async fn open(db: &Database, version: &TaxonomyVersion) -> ClassLine {
    let transaction = db.begin().await.unwrap();
    let line = ClassLine::open(&transaction, version, None).await.unwrap();
    transaction.commit().await.unwrap();
    line
}

async fn write(db: &Database, line: &ClassLine, on: &str, result: (i64, &str)) {
    let evaluation = Evaluation {
        line,
        day: day(on),
        position: Position::START,
        run_id: None,
        scope: Scope::Range(result.0, result.0),
    };
    let transaction = db.begin().await.unwrap();
    let guarded = Guarded::Customers(&[result.0]);
    let mut writer = Writer::begin(&transaction, Subject::Classes, guarded, 1).await.unwrap();
    record(&mut writer, &evaluation, &[class((result.0, result.1, 1))]).await.unwrap();
    transaction.commit().await.unwrap();
}

async fn turn(db: &Database, line: &ClassLine, on: &str) -> Vec<CustomerId> {
    let transaction = db.begin().await.unwrap();
    let seen = complete(&transaction, line, day(on)).await.unwrap();
    transaction.commit().await.unwrap();
    seen
}

async fn classes(db: &Database, view: View) -> Vec<Option<(String, i64)>> {
    let mut classes = Vec::new();
    for customer in [1, 2] {
        let found = get(db, CustomerId(customer), "abc", view).await.unwrap();
        classes.push(found.map(|found| (found.class, found.version_id)));
    }
    classes
}

#[tokio::test]
async fn a_version_is_seen_when_all_have_been_evaluated() {
    each_database(async |test| {
        let db = &test.database;
        let (first, second) = (published(db, "abc").await, published(db, "abc").await);
        let (one, two) = (first.version_id, second.version_id);
        let seen = |class: &str, version: i64| Some((class.to_owned(), version));
        let latest = View::default();

        let line = open(db, &first).await;
        write(db, &line, "2011-11-30", (1, "a")).await;
        assert_eq!(classes(db, latest).await, [None, None], "half of the first run");
        write(db, &line, "2011-11-30", (2, "b")).await;
        assert_eq!(turn(db, &line, "2011-11-30").await, [CustomerId(1), CustomerId(2)]);
        let before = [seen("a", one), seen("b", one)];
        assert_eq!(classes(db, latest).await, before);

        // A run that is cancelled half-way leaves nothing that anybody sees.
        let cancelled = open(db, &second).await;
        write(db, &cancelled, "2011-12-10", (1, "c")).await;
        assert_eq!(classes(db, latest).await, before);
        let again = open(db, &second).await;
        write(db, &again, "2011-12-10", (1, "b")).await;
        write(db, &line, "2011-12-10", (1, "c")).await;
        assert_eq!(classes(db, latest).await, [seen("c", one), seen("b", one)]);
        write(db, &again, "2011-12-10", (2, "b")).await;
        let known_before = known(db).await.unwrap();
        assert_eq!(turn(db, &again, "2011-12-10").await, [CustomerId(1), CustomerId(2)]);
        assert_eq!(classes(db, latest).await, [seen("b", two), seen("b", two)]);
        assert_eq!(turn(db, &again, "2011-12-10").await, [], "it is in force");

        let on = |date: &str, known_at| View { true_on: Some(day(date)), known_at };
        assert_eq!(classes(db, on("2011-12-09", None)).await, before);
        let known_then = classes(db, on("2011-12-10", Some(known_before))).await;
        assert_eq!(known_then, [seen("c", one), None], "only one was looked at by then");
    })
    .await;
}

#[tokio::test]
async fn an_older_version_does_not_take_over() {
    each_database(async |test| {
        let db = &test.database;
        let (first, second) = (published(db, "abc").await, published(db, "abc").await);
        let (old, new) = (open(db, &first).await, open(db, &second).await);
        for line in [&old, &new] {
            write(db, line, "2011-12-10", (1, "a")).await;
        }
        assert_eq!(turn(db, &new, "2011-12-10").await.len(), 1);
        assert_eq!(turn(db, &old, "2011-12-10").await, []);
        let timeline = in_force(db.reader(), "abc").await.unwrap();
        assert_eq!(timeline.last().map(|line| line.version_id), Some(second.version_id));

        // A day before the first: the line reaches back.
        write(db, &new, "2011-11-30", (1, "b")).await;
        let view = View { true_on: Some(day("2011-11-30")), known_at: None };
        assert_eq!(get(db, CustomerId(1), "abc", view).await.unwrap(), None);
        turn(db, &new, "2011-11-30").await;
        let found = get(db, CustomerId(1), "abc", view).await.unwrap().unwrap();
        assert_eq!((found.class.as_str(), found.valid_to), ("b", Some(day("2011-12-10"))));
    })
    .await;
}
