use kehu_core::{CustomerId, Value};
use kehu_storage::coding::classes::{
    Evaluation, Move, NewClass, Scope, View, at as classes_at, counts, evaluated_through, get,
    history, latest_classified, members, moves, moves_through, record,
};
use kehu_storage::coding::taxonomies::TaxonomyVersion;
use kehu_storage::facts::CustomerSet;
use kehu_storage::history::{Guarded, Subject, Writer};
use kehu_storage::{Database, Error, PageRequest};
use kehu_tests::classes::{Recorded, class, line, position};
use kehu_tests::{day, each_database};

use crate::published;

/// Records one class for each of the customers, and counts the day as evaluated for everybody.
pub(crate) async fn classify(
    db: &Database,
    version: &TaxonomyVersion,
    as_of: &str,
    classes: &[(i64, &str, i64)],
) -> Recorded {
    let results: Vec<NewClass> = classes.iter().copied().map(class).collect();
    kehu_tests::classes::classify(db, version, as_of, &results, Some(7)).await.unwrap()
}

/// Records what a look from a position gave for one customer, and whether something was written.
async fn look(
    db: &Database,
    version: &TaxonomyVersion,
    as_of: &str,
    number: i64,
    result: (i64, &str, i64),
) -> bool {
    let line = line(db, version).await.unwrap();
    let ids = [result.0];
    let evaluation = Evaluation {
        line: &line,
        day: day(as_of),
        position: position(9, number),
        run_id: None,
        scope: Scope::Customers(&ids),
    };
    let transaction = db.begin().await.unwrap();
    let guarded = Guarded::Customers(&ids);
    let mut writer = Writer::begin(&transaction, Subject::Classes, guarded, 1).await.unwrap();
    let changed = record(&mut writer, &evaluation, &[class(result)]).await.unwrap();
    transaction.commit().await.unwrap();
    !changed.is_empty()
}

fn view(true_on: &str, recorded: &Recorded) -> View {
    View { true_on: Some(day(true_on)), known_at: Some(recorded.known) }
}

#[tokio::test]
async fn a_class_is_true_on_a_date_as_known_at_a_time() {
    each_database(async |test| {
        let db = &test.database;
        let abc = published(db, "abc").await;
        let first = classify(db, &abc, "2011-01-31", &[(1, "c", 1)]).await;
        let second = classify(db, &abc, "2011-03-31", &[(1, "a", 3)]).await;
        let third = classify(db, &abc, "2011-02-28", &[(1, "b", 2)]).await;
        let fourth = classify(db, &abc, "2011-03-31", &[(1, "b", 3)]).await;
        for (true_on, known, class, valid_to) in [
            ("2011-01-30", &fourth, None, None),
            ("2011-01-31", &first, Some("c"), None),
            ("2011-02-01", &first, None, None),
            ("2011-03-30", &second, Some("c"), Some("2011-03-31")),
            ("2011-03-30", &third, Some("b"), Some("2011-03-31")),
            ("2011-02-27", &fourth, Some("c"), Some("2011-02-28")),
            ("2011-03-31", &second, Some("a"), None),
            ("2011-03-31", &third, Some("a"), None),
            ("2011-03-31", &fourth, Some("b"), None),
            ("2011-04-01", &fourth, None, None),
        ] {
            let found = get(db, CustomerId(1), "abc", view(true_on, known)).await.unwrap();
            let seen = found.as_ref().map(|row| (row.class.as_str(), row.valid_to));
            let expected = class.map(|class| (class, valid_to.map(day)));
            assert_eq!(seen, expected, "true on {true_on}, known at {}", known.known);
        }
        let latest = get(db, CustomerId(1), "abc", View::default()).await.unwrap().unwrap();
        assert_eq!(
            (latest.class.as_str(), latest.valid_from, latest.run_id),
            ("b", day("2011-02-28"), Some(7))
        );
        assert_eq!(latest.evidence["orders_total"], Value::Number(2.into()), "of its first day");
        assert_eq!(get(db, CustomerId(1), "rfm-8", View::default()).await.unwrap(), None);
    })
    .await;
}

#[tokio::test]
async fn what_is_beyond_the_last_evaluated_day_has_no_answer() {
    each_database(async |test| {
        let db = &test.database;
        let abc = published(db, "abc").await;
        let first = classify(db, &abc, "2011-01-31", &[(1, "c", 1), (2, "c", 1)]).await;
        look(db, &abc, "2011-02-10", 1, (2, "c", 1)).await;
        let all = async |true_on: &str| {
            let view = View { true_on: Some(day(true_on)), known_at: None };
            let counted = counts(db, "abc", view).await.unwrap().values().sum::<i64>();
            let columns = classes_at(db, "abc", &CustomerSet::All, view).await.unwrap();
            assert_eq!(i64::try_from(columns.customers.len()).unwrap(), counted);
            columns.customers
        };
        assert_eq!(all("2011-01-31").await, [1, 2]);
        assert_eq!(all("2011-02-10").await, [2], "one was looked at, though nothing moved");
        assert_eq!(all("2011-02-11").await, [0; 0]);
        for (customer, known, expected) in
            [(1, None, "2011-01-31"), (2, None, "2011-02-10"), (2, Some(first.known), "2011-01-31")]
        {
            let through = evaluated_through(db, CustomerId(customer), "abc", known).await.unwrap();
            assert_eq!(through, Some(day(expected)));
        }
        let everybody = latest_classified(db, Some("abc"), None).await.unwrap();
        assert_eq!(everybody, Some(day("2011-01-31")));
        assert_eq!(latest_classified(db, None, None).await.unwrap(), everybody);
        assert_eq!(latest_classified(db, Some("rfm-8"), None).await.unwrap(), None);
    })
    .await;
}

#[tokio::test]
async fn the_same_class_writes_nothing() {
    each_database(async |test| {
        let db = &test.database;
        let abc = published(db, "abc").await;
        let first = [(1, "a", 5), (2, "b", 2), (3, "c", 1)];
        let on = "2011-12-10";
        assert_eq!(classify(db, &abc, on, &first).await.changed, [1, 2, 3]);
        assert_eq!(classify(db, &abc, on, &first).await.changed, [0; 0]);
        let other_evidence = [(1, "a", 5), (2, "b", 3), (3, "c", 1)];
        assert_eq!(classify(db, &abc, on, &other_evidence).await.changed, [0; 0]);
        assert_eq!(classify(db, &abc, "2011-12-11", &other_evidence).await.changed, [0; 0]);
        assert_eq!(classify(db, &abc, "2011-12-11", &[(2, "a", 4)]).await.changed, [2]);
        let second = published(db, "abc").await;
        let turned = classify(db, &second, "2011-12-11", &[(2, "a", 4)]).await;
        assert_eq!(turned.changed, [2], "another version opens another stay");
        let page = PageRequest::first(10);
        let all = history(db, CustomerId(2), None, true, &page).await.unwrap().items;
        let seen: Vec<_> = all
            .iter()
            .map(|row| (row.class.as_str(), row.version_id, row.superseded_at.is_some()))
            .collect();
        let (one, two) = (abc.version_id, second.version_id);
        assert_eq!(seen, [("a", two, false), ("a", one, true), ("b", one, false)]);
        assert_eq!(all[2].valid_to, Some(day("2011-12-11")));
        let standing = history(db, CustomerId(2), None, false, &page).await.unwrap().items;
        assert_eq!(standing, [all[0].clone(), all[2].clone()]);
    })
    .await;
}

/// A run reads B between two changes A-B-A; a follower has seen the second one, found nothing
/// to write and said so. The run, which has seen less, must not win.
#[tokio::test]
async fn who_has_seen_less_yields() {
    each_database(async |test| {
        let db = &test.database;
        let abc = published(db, "abc").await;
        classify(db, &abc, "2011-12-09", &[(1, "a", 1)]).await;
        for (place, on) in ["2011-12-09", "2011-12-10"].into_iter().enumerate() {
            let start = i64::try_from(place).unwrap();
            assert!(!look(db, &abc, on, start + 2, (1, "a", 1)).await, "nothing moved");
            assert!(!look(db, &abc, on, start + 1, (1, "b", 2)).await, "{on}");
            let standing = get(db, CustomerId(1), "abc", View::default()).await.unwrap().unwrap();
            assert_eq!(standing.class, "a");
        }
        assert!(look(db, &abc, "2011-12-10", 10, (1, "b", 2)).await);
        let standing = get(db, CustomerId(1), "abc", View::default()).await.unwrap().unwrap();
        assert_eq!((standing.class.as_str(), standing.valid_from), ("b", day("2011-12-10")));
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
        classify(db, &abc, "2011-01-31", &january).await;
        let known = classify(db, &abc, "2011-02-28", &[(2, "c", 2), (3, "a", 3)]).await;
        let read = async |class, true_on, limit| {
            let (mut customers, mut page) = (Vec::new(), PageRequest::first(limit));
            loop {
                let found = members(db, "abc", class, view(true_on, &known), &page).await.unwrap();
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
        classify(db, &abc, "2011-01-31", &all).await;
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
            assert_eq!(columns.classes.len(), columns.valid_from.len());
        }
        let two = classes_at(db, "abc", &CustomerSet::Range(1, 2), latest).await.unwrap();
        assert_eq!(two.classes, ["c", "a"]);
        assert_eq!(two.version_ids, [abc.version_id; 2]);
    })
    .await;
}

#[tokio::test]
async fn moves_are_counted_in_the_database() {
    each_database(async |test| {
        let db = &test.database;
        let abc = published(db, "abc").await;
        classify(db, &abc, "2011-01-31", &[(1, "c", 1), (2, "c", 1), (3, "a", 1)]).await;
        let later = [(1, "c", 1), (2, "b", 1), (3, "a", 1), (4, "b", 1)];
        classify(db, &abc, "2011-02-28", &later).await;
        let second = published(db, "abc").await;
        classify(db, &second, "2011-03-31", &[(1, "c", 1), (2, "c", 1), (4, "b", 1)]).await;
        let on = |date: &str| View { true_on: Some(day(date)), known_at: None };
        let moved = |from: &str, to: &str, customers| Move {
            from: (!from.is_empty()).then(|| from.to_owned()),
            to: (!to.is_empty()).then(|| to.to_owned()),
            customers,
        };
        for (before, after, expected) in [
            (
                "2011-01-31",
                "2011-02-28",
                vec![moved("", "b", 1), moved("a", "a", 1), moved("c", "b", 1), moved("c", "c", 1)],
            ),
            (
                "2011-02-28",
                "2011-03-31",
                vec![moved("a", "", 1), moved("b", "b", 1), moved("b", "c", 1), moved("c", "c", 1)],
            ),
            ("2010-12-31", "2011-01-31", vec![moved("", "a", 1), moved("", "c", 2)]),
        ] {
            assert_eq!(moves(db, "abc", on(before), on(after)).await.unwrap(), expected);
            let days = [day(before), day(after)];
            let through = moves_through(db, "abc", &days, None).await.unwrap();
            assert_eq!(through, [expected]);
        }
        let days = ["2010-12-31", "2011-01-31", "2011-02-27", "2011-02-28", "2011-03-31"];
        let through = moves_through(db, "abc", &days.map(day), None).await.unwrap();
        for (dates, found) in days.windows(2).zip(through) {
            assert_eq!(found, moves(db, "abc", on(dates[0]), on(dates[1])).await.unwrap());
        }
        let counted = counts(db, "abc", on("2011-02-28")).await.unwrap();
        let expected = [("a", 1), ("b", 2), ("c", 1)];
        assert!(counted.iter().map(|(class, count)| (class.as_str(), *count)).eq(expected));
    })
    .await;
}

#[tokio::test]
async fn a_history_pages_backwards_with_and_without_what_was_superseded() {
    each_database(async |test| {
        let db = &test.database;
        let abc = published(db, "abc").await;
        let rfm = published(db, "rfm-8").await;
        classify(db, &abc, "2011-01-31", &[(1, "c", 1)]).await;
        classify(db, &abc, "2011-02-28", &[(1, "b", 2)]).await;
        classify(db, &abc, "2011-02-28", &[(1, "a", 2)]).await;
        classify(db, &rfm, "2011-02-28", &[(1, "no-purchase", 2)]).await;
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

#[tokio::test]
async fn two_open_stays_of_one_customer_cannot_be() {
    each_database(async |test| {
        let db = &test.database;
        let abc = published(db, "abc").await;
        classify(db, &abc, "2011-01-31", &[(1, "c", 1)]).await;
        let transaction = db.begin().await.unwrap();
        let copied = sea_orm::ConnectionTrait::execute_unprepared(
            &transaction,
            "INSERT INTO class_span (customer_id, known_from, valid_from, line_id, class_no) \
             SELECT customer_id, known_from + 1, valid_from + 1, line_id, class_no FROM class_span",
        );
        let error = Error::from(copied.await.unwrap_err());
        assert!(matches!(error, Error::AlreadyExists { .. }), "{error:?}");
    })
    .await;
}
