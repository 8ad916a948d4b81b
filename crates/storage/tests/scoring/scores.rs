//! Scores on two time axes.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use kehu_core::scorecard::ColumnKind;
use kehu_core::{CustomerId, Value};
use kehu_storage::facts::CustomerSet;
use kehu_storage::history::{Guarded, Subject, Writer};
use kehu_storage::scoring::scorecards::Version;
use kehu_storage::scoring::scores::{self, Evaluated, Evaluation, Scope, ScoreRecord, View};
use kehu_storage::{Database, PageRequest};
use kehu_tests::classes::{Recorded, position};
use kehu_tests::{day, each_database, shop::reference};
use rust_decimal::Decimal;

use crate::{customers, published, score};

/// Records scores of a date from what was seen up to a position, for everybody.
async fn record(
    db: &Database,
    version: &Version,
    as_of: &str,
    position: i64,
    found: &[Evaluated],
) -> Recorded {
    kehu_tests::scores::score(db, version, (as_of, position), found).await.unwrap()
}

fn view(true_on: Option<NaiveDate>, known_at: Option<DateTime<Utc>>) -> View {
    View { true_on, known_at }
}

async fn find(db: &Database, customer: i64, view: View) -> Option<ScoreRecord> {
    scores::find(db, "rfm", CustomerId(customer), view).await.unwrap()
}

#[tokio::test]
async fn a_score_is_found_by_both_times() {
    each_database(async |test| {
        let db = &test.database;
        let ids = customers(db, 1).await;
        let version = published(db, "rfm").await;
        let customer = ids[0];
        let new = |number| [score(&version, customer, number)];
        let first = record(db, &version, "2011-06-30", 0, &new(10)).await;
        let second = record(db, &version, "2011-12-31", 0, &new(20)).await;
        let third = record(db, &version, "2011-06-30", 1, &new(30)).await;
        let fourth = record(db, &version, "2011-06-30", 2, &new(30)).await;
        let changed = [&first, &second, &third].map(|one| one.changed.as_slice());
        assert_eq!((changed, fourth.changed.len()), ([&ids[..]; 3], 0));

        let june = Some(day("2011-06-30"));
        let december = Some(day("2011-12-31"));
        for (true_on, known_at, expected) in [
            (None, None, Some(20)),
            (june, None, Some(30)),
            (Some(day("2011-12-30")), None, Some(30)),
            (december, None, Some(20)),
            (Some(day("2011-06-29")), None, None),
            (june, Some(first.known - TimeDelta::microseconds(1)), None),
            (june, Some(first.known), Some(10)),
            (june, Some(second.known), Some(10)),
            (june, Some(third.known), Some(30)),
            (december, Some(first.known), Some(10)),
            (None, Some(second.known), Some(20)),
        ] {
            let asked = view(true_on, known_at);
            let found = find(db, customer, asked).await.map(|record| record.score);
            let expected = expected.map(|number| score(&version, customer, number).score);
            assert_eq!(found, expected, "{asked:?}");
        }
        let old = find(db, customer, view(june, Some(second.known))).await.unwrap();
        let superseded = old.superseded_at.unwrap();
        assert!(second.known < superseded && superseded <= third.known, "{superseded}");
    })
    .await;
}

#[tokio::test]
async fn an_older_view_of_the_facts_replaces_nothing() {
    each_database(async |test| {
        let db = &test.database;
        let ids = customers(db, 2).await;
        let version = published(db, "rfm").await;
        let followed = [score(&version, ids[0], 10)];
        let first = record(db, &version, "2011-12-31", 7, &followed).await;
        let by_run = [score(&version, ids[0], 50), score(&version, ids[1], 50)];
        let written = record(db, &version, "2011-12-31", 6, &by_run).await.changed;
        assert_eq!(written, [ids[1]]);
        let written = record(db, &version, "2011-12-31", 7, &by_run).await.changed;
        assert_eq!(written, [ids[0]]);
        let old = find(db, ids[0], view(None, Some(first.known))).await.unwrap();
        assert_eq!(old.score, followed[0].score);
        assert!(old.superseded_at > Some(first.known), "it ends after it began");
    })
    .await;
}

#[tokio::test]
async fn pages_go_by_customer() {
    each_database(async |test| {
        let db = &test.database;
        let ids = customers(db, 7).await;
        let version = published(db, "abc").await;
        let scored: Vec<_> = ids.iter().skip(1).map(|id| score(&version, *id, *id)).collect();
        record(db, &version, "2011-12-31", 0, &scored).await;
        let mut seen = Vec::new();
        let mut page = PageRequest::first(4);
        loop {
            let found = scores::list(db, "abc", View::default(), &page).await.unwrap();
            seen.push(found.items.iter().map(|record| record.customer.0).collect::<Vec<_>>());
            let Some(next) = found.next else { break };
            page.after = Some(next);
        }
        assert_eq!(seen, [ids[1..5].to_vec(), ids[5..].to_vec()]);
        for (id, expected) in [(ids[0], None), (ids[1], Some(day("2011-12-31")))] {
            let found = scores::find(db, "abc", CustomerId(id), View::default()).await.unwrap();
            assert_eq!(found.map(|record| record.as_of), expected);
        }
    })
    .await;
}

#[tokio::test]
async fn columns_are_those_of_the_customers_asked_for() {
    each_database(async |test| {
        let db = &test.database;
        let ids = customers(db, 4).await;
        let rfm = published(db, "rfm").await;
        let abc = published(db, "abc").await;
        let found = [score(&rfm, ids[0], 50), score(&rfm, ids[2], 10)];
        record(db, &rfm, "2011-12-31", 0, &found).await;
        record(db, &abc, "2011-12-31", 0, &[score(&abc, ids[0], 50)]).await;

        let all = CustomerSet::All;
        let columns = scores::columns(db, &["rfm", "abc"], &all, View::default()).await.unwrap();
        let names: Vec<_> = columns.names().iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(
            names,
            [
                "rfm_recency_bin",
                "rfm_recency_points",
                "rfm_frequency_bin",
                "rfm_frequency_points",
                "rfm_monetary_bin",
                "rfm_monetary_points",
                "rfm_score",
                "abc_amount_bin",
                "abc_amount_points",
                "abc_score",
                "abc_grade",
            ]
        );
        let customers: Vec<_> = ids.iter().copied().map(CustomerId).collect();
        let found = columns.of(&customers);
        let number = |number: i64| Value::Number(Decimal::from(number));
        let null = || Value::Null;
        assert_eq!(found[0].1, ColumnKind::Integer);
        assert_eq!(found[0].2, [number(1), null(), number(5), null()]);
        assert_eq!(found[2].2, [number(5), null(), number(1), null()]);
        assert_eq!(found[3].2, [number(100), null(), number(0), null()]);
        assert_eq!(found[10].2, [Value::Text("A".into()), null(), null(), null()]);

        for set in [CustomerSet::Ids(vec![ids[2], ids[0]]), CustomerSet::Range(ids[0], ids[2])] {
            let some = scores::columns(db, &["rfm", "abc"], &set, View::default()).await.unwrap();
            assert_eq!(some, columns, "{set:?}");
        }
        let before = view(Some(day("2011-12-30")), None);
        let none = scores::columns(db, &["rfm"], &all, before).await.unwrap();
        assert!(none.of(&customers)[0].2.iter().all(|value| *value == Value::Null));
    })
    .await;
}

#[tokio::test]
async fn a_partition_of_many_customers_is_written_and_read() {
    each_database(async |test| {
        let db = &test.database;
        let ids = customers(db, 2_500).await;
        let version = published(db, "rfm").await;
        let new = |number: i64| -> Vec<_> {
            ids.iter().map(|id| score(&version, *id, (id + number) % 60)).collect()
        };
        for (number, changed) in [(0, ids.len()), (0, 0), (1, ids.len())] {
            let recorded = record(db, &version, "2011-12-31", 0, &new(number)).await;
            assert_eq!(recorded.changed, ids[..changed]);
        }
        let columns =
            scores::columns(db, &["rfm"], &CustomerSet::All, View::default()).await.unwrap();
        let customers: Vec<_> = ids.iter().copied().map(CustomerId).collect();
        let composites = columns.of(&customers).pop().unwrap().2;
        let expected =
            new(1).into_iter().map(|found| Value::Number(found.score.composite.unwrap()));
        assert_eq!(composites, expected.collect::<Vec<_>>());
    })
    .await;
}

#[tokio::test]
async fn a_day_that_was_evaluated_is_answered_for_though_nothing_was_written() {
    each_database(async |test| {
        let db = &test.database;
        let ids = customers(db, 2).await;
        let version = published(db, "rfm").await;
        let found = [score(&version, ids[0], 10)];
        let first = record(db, &version, "2011-12-10", 1, &found).await;
        // Three days later nothing but days has passed.
        let mut later = score(&version, ids[0], 10);
        later.values[0] = Value::Number(Decimal::from(13));
        let calibration = &version.published.as_ref().unwrap().frozen.calibration;
        let scorer = kehu_core::scorecard::Scorer::new(&version.definition, calibration).unwrap();
        later.score = scorer.score(&reference(ids[0]), &later.values);
        let second = record(db, &version, "2011-12-13", 2, std::slice::from_ref(&later)).await;
        assert_eq!(second.changed, [0_i64; 0]);
        let find = async |true_on: &str, known_at| {
            find(db, ids[0], view(Some(day(true_on)), known_at)).await.unwrap()
        };
        for (true_on, known_at, as_of, days) in [
            ("2011-12-12", None, "2011-12-10", 10),
            ("2011-12-13", None, "2011-12-13", 13),
            ("2011-12-31", None, "2011-12-13", 13),
            ("2011-12-13", Some(first.known), "2011-12-10", 10),
            ("2011-12-13", Some(second.known), "2011-12-13", 13),
        ] {
            let record = find(true_on, known_at).await;
            assert_eq!(record.as_of, day(as_of), "{true_on} {known_at:?}");
            let value = &record.score.contributions[0].value;
            assert_eq!(value, &Value::Number(Decimal::from(days)), "{true_on} {known_at:?}");
            assert!(record.recorded_at <= first.known, "{true_on} {known_at:?}");
            assert_eq!(record.superseded_at, None);
            let page = PageRequest::first(9);
            let view = view(Some(day(true_on)), known_at);
            let listed = scores::list(db, "rfm", view, &page).await.unwrap().items;
            assert_eq!(listed, [record], "{true_on} {known_at:?}");
        }

        // A correction of the first day leaves the other as it is.
        record(db, &version, "2011-12-10", 3, &[score(&version, ids[0], 50)]).await;
        let corrected = find("2011-12-12", None).await;
        assert_eq!(corrected.score, score(&version, ids[0], 50).score);
        assert_eq!(find("2011-12-13", None).await.score, later.score);
        let before = find("2011-12-12", Some(second.known)).await;
        assert_eq!(before.score, found[0].score);
        // Who is no customer any more has no score.
        let line = kehu_tests::scores::line(db, &version).await.unwrap();
        let looked = ("2011-12-13", 4);
        let gone = kehu_tests::scores::look(db, &line, looked, &ids[..1], &[]).await.unwrap();
        assert_eq!(gone.changed, [ids[0]]);
        let view = view(Some(day("2011-12-13")), None);
        assert_eq!(self::find(db, ids[0], view).await, None);
    })
    .await;
}

/// Nobody was looked at but one: only that one's score is of the later day.
#[tokio::test]
async fn a_score_is_of_the_last_day_for_which_its_customer_was_looked_at() {
    each_database(async |test| {
        let db = &test.database;
        let ids = customers(db, 3).await;
        let version = published(db, "rfm").await;
        let all: Vec<_> = ids.iter().map(|id| score(&version, *id, 10)).collect();
        record(db, &version, "2011-12-10", 1, &all).await;
        let line = kehu_tests::scores::line(db, &version).await.unwrap();
        let found = [score(&version, ids[1], 20)];
        let looked = ("2011-12-12", 2);
        kehu_tests::scores::look(db, &line, looked, &ids[1..2], &found).await.unwrap();
        let view = view(Some(day("2011-12-20")), None);
        let listed = scores::list(db, "rfm", view, &PageRequest::first(9)).await.unwrap().items;
        let days: Vec<_> = listed.iter().map(|record| record.as_of.to_string()).collect();
        assert_eq!(days, ["2011-12-10", "2011-12-12", "2011-12-10"]);
        for record in listed {
            assert_eq!(find(db, record.customer.0, view).await, Some(record));
        }
    })
    .await;
}

/// A version is in force, for all at once, when everybody was looked at under it, and one that is
/// older does not come back.
#[tokio::test]
async fn a_newer_version_is_in_force_when_it_is_complete() {
    each_database(async |test| {
        let db = &test.database;
        let ids = customers(db, 1).await;
        let first = published(db, "rfm").await;
        record(db, &first, "2011-12-10", 7, &[score(&first, ids[0], 10)]).await;
        let second = published(db, "rfm").await;
        let find = async |true_on: &str| {
            let found = find(db, ids[0], view(Some(day(true_on)), None)).await.unwrap();
            (found.version.version, found.as_of.to_string())
        };
        let line = kehu_tests::scores::line(db, &second).await.unwrap();
        let found = [score(&second, ids[0], 20)];
        let looked = ("2011-12-12", 7);
        kehu_tests::scores::look(db, &line, looked, &ids, &found).await.unwrap();
        assert_eq!(find("2011-12-12").await, (1, "2011-12-10".to_owned()));
        kehu_tests::scores::complete(db, &line, "2011-12-12").await.unwrap();
        // A run of the version before, taken up again.
        record(db, &first, "2011-12-12", 9, &[score(&first, ids[0], 30)]).await;
        assert_eq!(find("2011-12-12").await, (2, "2011-12-12".to_owned()));
        assert_eq!(find("2011-12-11").await, (1, "2011-12-10".to_owned()));
    })
    .await;
}

/// From A to B and back to A: nothing is written, yet what was read at B comes too late.
#[tokio::test]
async fn what_was_looked_at_is_not_overwritten_by_what_was_read_before() {
    each_database(async |test| {
        let db = &test.database;
        let ids = customers(db, 1).await;
        let version = published(db, "rfm").await;
        let a = [score(&version, ids[0], 10)];
        record(db, &version, "2011-12-10", 1, &a).await;
        assert_eq!(record(db, &version, "2011-12-10", 3, &a).await.changed, [0_i64; 0]);
        let b = [score(&version, ids[0], 50)];
        assert_eq!(record(db, &version, "2011-12-10", 2, &b).await.changed, [0_i64; 0]);
        let found = find(db, ids[0], View::default()).await.unwrap();
        assert_eq!(found.score, a[0].score);
    })
    .await;
}

#[tokio::test]
async fn two_writers_of_a_customer_write_one_after_the_other() {
    each_database(async |test| {
        let db = &test.database;
        let ids = customers(db, 2).await;
        let version = published(db, "rfm").await;
        record(db, &version, "2011-12-10", 1, &[score(&version, ids[0], 10)]).await;
        let line = kehu_tests::scores::line(db, &version).await.unwrap();
        // The one customer has a score already, the other none.
        for customer in ids {
            let (one, two) = (score(&version, customer, 20), score(&version, customer, 50));
            let customers = [customer];
            let first = db.begin().await.unwrap();
            let guarded = Guarded::Customers(&customers);
            let mut writer = Writer::begin(&first, Subject::Scores, guarded, 1).await.unwrap();
            let evaluation = Evaluation {
                line: &line,
                day: day("2011-12-11"),
                position: position(1, 2),
                run_id: None,
                scope: Scope::Customers(&customers),
            };
            let found = std::slice::from_ref(&one);
            scores::record(&mut writer, &evaluation, found).await.unwrap();
            let looked = ("2011-12-12", 2);
            let found = std::slice::from_ref(&two);
            let second = kehu_tests::scores::look(db, &line, looked, &customers, found);
            let commit = async {
                tokio::task::yield_now().await;
                first.commit().await.unwrap();
            };
            let (second, ()) = tokio::join!(second, commit);
            assert_eq!(second.unwrap().changed, customers);
            for (on, expected) in [("2011-12-11", &one), ("2011-12-12", &two)] {
                let held = find(db, customer, view(Some(day(on)), None)).await.unwrap();
                assert_eq!(held.score, expected.score, "{on}");
            }
        }
    })
    .await;
}
