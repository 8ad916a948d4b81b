use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use kehu_core::{CustomerId, Value};
use kehu_storage::coding::classes::{
    NewAssignment, View, at as classes_at, before, get, history, members, record,
};
use kehu_storage::coding::taxonomies::TaxonomyVersion;
use kehu_storage::facts::CustomerSet;
use kehu_storage::{Database, Error, PageRequest};
use kehu_tests::{at, day, each_database};

use crate::published;

/// Records one class for each of the customers, and returns for whom something was written.
async fn classify(
    db: &Database,
    version: &TaxonomyVersion,
    as_of: &str,
    classes: &[(i64, &str, i64)],
    now: DateTime<Utc>,
) -> Result<Vec<i64>, Error> {
    let taxonomy = version.definition.id.as_str();
    let standing = before(db, &[taxonomy], &CustomerSet::All, day(as_of)).await?;
    let transaction = db.begin().await?;
    let results = classes.iter().map(|class| result(version, class)).collect();
    let changed = record(&transaction, &standing, results, Some(7), now).await?;
    transaction.commit().await?;
    Ok(changed.into_iter().map(|customer| customer.0).collect())
}

fn result(
    version: &TaxonomyVersion,
    (customer, class, orders): &(i64, &str, i64),
) -> NewAssignment {
    NewAssignment {
        customer: CustomerId(*customer),
        taxonomy: version.definition.id.clone(),
        version_id: version.version_id,
        class: (*class).to_owned(),
        evidence: BTreeMap::from([("orders_total".to_owned(), Value::Number((*orders).into()))]),
    }
}

fn view(true_on: &str, known_at: DateTime<Utc>) -> View {
    View { true_on: Some(day(true_on)), known_at: Some(known_at) }
}

#[tokio::test]
async fn a_class_is_true_on_a_date_as_known_at_a_time() {
    each_database(async |test| {
        let db = &test.database;
        let abc = published(db, "abc").await;
        classify(db, &abc, "2011-01-31", &[(1, "c", 1)], at(10)).await.unwrap();
        classify(db, &abc, "2011-03-31", &[(1, "a", 3)], at(20)).await.unwrap();
        classify(db, &abc, "2011-02-28", &[(1, "b", 2)], at(30)).await.unwrap();
        classify(db, &abc, "2011-03-31", &[(1, "b", 3)], at(40)).await.unwrap();
        for (true_on, known_at, class, valid_to) in [
            ("2011-01-30", 50, None, None),
            ("2011-01-31", 9, None, None),
            ("2011-01-31", 10, Some("c"), None),
            ("2011-03-30", 20, Some("c"), Some("2011-03-31")),
            ("2011-03-30", 30, Some("b"), Some("2011-03-31")),
            ("2011-02-27", 50, Some("c"), Some("2011-02-28")),
            ("2011-12-31", 20, Some("a"), None),
            ("2011-12-31", 39, Some("a"), None),
            ("2011-12-31", 40, Some("b"), None),
        ] {
            let found = get(db, CustomerId(1), "abc", view(true_on, at(known_at))).await.unwrap();
            let seen = found.as_ref().map(|row| (row.class.as_str(), row.valid_to));
            let expected = class.map(|class| (class, valid_to.map(day)));
            assert_eq!(seen, expected, "true on {true_on}, known at {known_at}");
        }
        let latest = get(db, CustomerId(1), "abc", View::default()).await.unwrap().unwrap();
        assert_eq!(
            (latest.class.as_str(), latest.recorded_at, latest.run_id),
            ("b", at(40), Some(7))
        );
        assert_eq!(latest.evidence["orders_total"], Value::Number(3.into()));
        assert_eq!(get(db, CustomerId(1), "rfm-8", View::default()).await.unwrap(), None);
    })
    .await;
}

#[tokio::test]
async fn the_same_result_writes_nothing() {
    each_database(async |test| {
        let db = &test.database;
        let abc = published(db, "abc").await;
        let first = [(1, "a", 5), (2, "b", 2), (3, "c", 1)];
        assert_eq!(classify(db, &abc, "2011-12-10", &first, at(1)).await.unwrap(), [1, 2, 3]);
        assert_eq!(classify(db, &abc, "2011-12-10", &first, at(2)).await.unwrap(), [0; 0]);
        let other_evidence = [(1, "a", 5), (2, "b", 3), (3, "c", 1)];
        assert_eq!(classify(db, &abc, "2011-12-10", &other_evidence, at(3)).await.unwrap(), [2]);
        let second = published(db, "abc").await;
        assert_eq!(classify(db, &second, "2011-12-10", &first, at(4)).await.unwrap(), [1, 2, 3]);
        let page = PageRequest::first(10);
        let all = history(db, CustomerId(2), None, true, &page).await.unwrap().items;
        assert_eq!(all.len(), 3);
        assert_eq!((all[0].superseded_at, all[1].superseded_at), (None, Some(at(4))));
    })
    .await;
}

#[tokio::test]
async fn an_evaluation_that_was_overtaken_is_a_conflict() {
    each_database(async |test| {
        let db = &test.database;
        let abc = published(db, "abc").await;
        let as_of = day("2011-12-10");
        for (round, class) in [(0, "a"), (1, "b")] {
            let stale = before(db, &["abc"], &CustomerSet::Ids(vec![1]), as_of).await.unwrap();
            classify(db, &abc, "2011-12-10", &[(1, class, 1)], at(round)).await.unwrap();
            let transaction = db.begin().await.unwrap();
            let results = vec![result(&abc, &(1, "c", 9))];
            let late = record(&transaction, &stale, results, None, at(round)).await;
            assert!(matches!(late, Err(Error::Conflict(_))), "{late:?}");
            transaction.rollback().await.unwrap();
            let standing = get(db, CustomerId(1), "abc", View::default()).await.unwrap().unwrap();
            assert_eq!(standing.class, class);
        }
    })
    .await;
}

#[tokio::test]
async fn members_come_in_pages_by_customer() {
    each_database(async |test| {
        let db = &test.database;
        let abc = published(db, "abc").await;
        let january: Vec<_> =
            (1..=7).map(|id| (id, if id % 2 == 0 { "a" } else { "c" }, id)).collect();
        classify(db, &abc, "2011-01-31", &january, at(1)).await.unwrap();
        classify(db, &abc, "2011-02-28", &[(2, "c", 2), (3, "a", 3)], at(2)).await.unwrap();
        let read = async |class, true_on, limit| {
            let (mut customers, mut page) = (Vec::new(), PageRequest::first(limit));
            loop {
                let found = members(db, "abc", class, view(true_on, at(9)), &page).await.unwrap();
                customers.extend(found.items.into_iter().map(|row| row.customer.0));
                page.after = found.next;
                if page.after.is_none() {
                    return customers;
                }
            }
        };
        assert_eq!(read(Some("a"), "2011-01-31", 2).await, [2, 4, 6]);
        assert_eq!(read(Some("a"), "2011-02-28", 2).await, [3, 4, 6]);
        assert_eq!(read(Some("c"), "2011-02-28", 1).await, [1, 2, 5, 7]);
        assert_eq!(read(None, "2011-02-28", 3).await, [1, 2, 3, 4, 5, 6, 7]);
        assert_eq!(read(Some("b"), "2011-02-28", 3).await, [0; 0]);
    })
    .await;
}

#[tokio::test]
async fn many_classes_are_read_in_columns() {
    each_database(async |test| {
        let db = &test.database;
        let abc = published(db, "abc").await;
        let all: Vec<_> =
            (1..=12_000).map(|id| (id, if id % 2 == 0 { "a" } else { "c" }, id)).collect();
        classify(db, &abc, "2011-01-31", &all, at(1)).await.unwrap();
        let latest = View::default();
        for (set, customers) in [
            (CustomerSet::All, (1..=12_000).collect()),
            (CustomerSet::Range(11_999, 12_500), vec![11_999, 12_000]),
            (CustomerSet::Ids((1..=12_000).rev().collect()), (1..=12_000).collect()),
            (CustomerSet::Ids(vec![9, 4, 4, 20_000]), vec![4, 9]),
            (CustomerSet::Ids(vec![]), vec![]),
        ] {
            let columns = classes_at(db, "abc", &set, latest).await.unwrap();
            assert_eq!(columns.customers, customers);
            assert_eq!(columns.classes.len(), columns.as_of.len());
        }
        let two = classes_at(db, "abc", &CustomerSet::Range(1, 2), latest).await.unwrap();
        assert_eq!(two.classes, ["c", "a"]);
        assert_eq!(two.version_ids, [abc.version_id; 2]);
    })
    .await;
}

#[tokio::test]
async fn a_history_pages_backwards_with_and_without_what_was_superseded() {
    each_database(async |test| {
        let db = &test.database;
        let abc = published(db, "abc").await;
        let rfm = published(db, "rfm-8").await;
        classify(db, &abc, "2011-01-31", &[(1, "c", 1)], at(1)).await.unwrap();
        classify(db, &abc, "2011-02-28", &[(1, "b", 2)], at(2)).await.unwrap();
        classify(db, &abc, "2011-02-28", &[(1, "a", 2)], at(3)).await.unwrap();
        classify(db, &rfm, "2011-02-28", &[(1, "no-purchase", 2)], at(4)).await.unwrap();
        for (taxonomy, superseded, expected) in [
            (Some("abc"), false, vec!["a", "c"]),
            (Some("abc"), true, vec!["a", "b", "c"]),
            (None, false, vec!["no-purchase", "a", "c"]),
        ] {
            let (mut classes, mut page) = (Vec::new(), PageRequest::first(1));
            loop {
                let found = history(db, CustomerId(1), taxonomy, superseded, &page).await.unwrap();
                classes.extend(found.items.into_iter().map(|row| row.class));
                page.after = found.next;
                if page.after.is_none() {
                    break;
                }
            }
            assert_eq!(classes, expected, "{taxonomy:?} {superseded}");
        }
    })
    .await;
}
