//! Scores on two time axes.

use chrono::{DateTime, NaiveDate, Utc};
use kehu_core::scorecard::{ColumnKind, Score};
use kehu_core::{CustomerId, Value};
use kehu_storage::change_log::Position;
use kehu_storage::facts::CustomerSet;
use kehu_storage::scoring::scorecards::Version;
use kehu_storage::scoring::scores::{self, Evaluated, Evaluation, Recorded, View};
use kehu_storage::{Database, PageRequest};
use kehu_tests::{at, day, each_database, shop::reference};
use rust_decimal::Decimal;

use crate::{customers, published, score};

/// Records scores as of a date; returns the customers whose scores were written.
async fn record(
    db: &Database,
    version: &Version,
    as_of: &str,
    facts_position: i64,
    recorded_at: DateTime<Utc>,
    found: &[Evaluated],
) -> Vec<i64> {
    let (as_of, facts_position) = (day(as_of), at_position(facts_position));
    let evaluation =
        Evaluation { version, as_of, run_id: None, facts_position, recorded_at, found };
    let recorded = write(db, evaluation).await;
    assert_eq!(recorded.stale, []);
    recorded.written.into_iter().map(|customer| customer.0).collect()
}

fn at_position(number: i64) -> Position {
    format!("0001.{number:012x}.0000").parse().unwrap()
}

async fn write(db: &Database, evaluation: Evaluation<'_>) -> Recorded {
    let transaction = db.begin().await.unwrap();
    let recorded = scores::record(&transaction, &[evaluation]).await.unwrap();
    transaction.commit().await.unwrap();
    recorded
}

/// Notes that everybody was evaluated for a day.
async fn evaluated(db: &Database, version: &Version, on: &str, known: DateTime<Utc>) {
    let transaction = db.begin().await.unwrap();
    scores::evaluated(&transaction, std::slice::from_ref(version), day(on), known).await.unwrap();
    transaction.commit().await.unwrap();
}

/// The score of what was found.
fn expected(found: Evaluated) -> Score {
    found.score.unwrap().1
}

fn view(true_on: Option<NaiveDate>, known_at: Option<DateTime<Utc>>) -> View {
    View { true_on, known_at }
}

#[tokio::test]
async fn a_score_is_found_by_both_times() {
    each_database(async |test| {
        let db = &test.database;
        let ids = customers(db, 1).await;
        let version = published(db, "rfm").await;
        let customer = ids[0];
        let new = |number| [score(&version, customer, number)];
        assert_eq!(record(db, &version, "2011-06-30", 0, at(100), &new(10)).await, ids);
        assert_eq!(record(db, &version, "2011-12-31", 0, at(200), &new(20)).await, ids);
        assert_eq!(record(db, &version, "2011-06-30", 1, at(300), &new(30)).await, ids);
        assert_eq!(record(db, &version, "2011-06-30", 2, at(400), &new(30)).await, [0_i64; 0]);

        let june = Some(day("2011-06-30"));
        let december = Some(day("2011-12-31"));
        for (true_on, known_at, expected) in [
            (None, None, Some(20)),
            (june, None, Some(30)),
            (Some(day("2011-12-30")), None, Some(30)),
            (december, None, Some(20)),
            (Some(day("2011-06-29")), None, None),
            (june, Some(at(99)), None),
            (june, Some(at(100)), Some(10)),
            (june, Some(at(299)), Some(10)),
            (june, Some(at(300)), Some(30)),
            (december, Some(at(199)), Some(10)),
            (None, Some(at(250)), Some(20)),
        ] {
            let asked = view(true_on, known_at);
            let found = scores::find(db, "rfm", CustomerId(customer), asked).await.unwrap();
            let expected = expected.map(|number| self::expected(score(&version, customer, number)));
            assert_eq!(found.map(|record| record.score), expected, "{asked:?}");
        }
        let old = scores::find(db, "rfm", CustomerId(customer), view(june, Some(at(299)))).await;
        assert_eq!(old.unwrap().unwrap().superseded_at, Some(at(300)));
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
        record(db, &version, "2011-12-31", 7, at(100), &followed).await;
        let by_run = [score(&version, ids[0], 50), score(&version, ids[1], 50)];
        let written = record(db, &version, "2011-12-31", 6, at(200), &by_run).await;
        assert_eq!(written, [ids[1]]);
        let written = record(db, &version, "2011-12-31", 7, at(50), &by_run).await;
        assert_eq!(written, [ids[0]]);
        let old = scores::find(db, "rfm", CustomerId(ids[0]), view(None, Some(at(100)))).await;
        let old = old.unwrap().unwrap();
        assert_eq!(Some(&old.score), followed[0].score.as_ref().map(|(_, score)| score));
        assert!(old.superseded_at > Some(at(100)), "it ends after it began, whatever the clock");
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
        record(db, &version, "2011-12-31", 0, at(100), &scored).await;
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
        record(
            db,
            &rfm,
            "2011-12-31",
            0,
            at(100),
            &[score(&rfm, ids[0], 50), score(&rfm, ids[2], 10)],
        )
        .await;
        record(db, &abc, "2011-12-31", 0, at(100), &[score(&abc, ids[0], 50)]).await;

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
        assert_eq!(record(db, &version, "2011-12-31", 0, at(100), &new(0)).await, ids);
        assert_eq!(record(db, &version, "2011-12-31", 0, at(200), &new(0)).await, [0_i64; 0]);
        assert_eq!(record(db, &version, "2011-12-31", 0, at(300), &new(1)).await, ids);
        let columns =
            scores::columns(db, &["rfm"], &CustomerSet::All, View::default()).await.unwrap();
        let customers: Vec<_> = ids.iter().copied().map(CustomerId).collect();
        let composites = columns.of(&customers).pop().unwrap().2;
        let expected =
            new(1).into_iter().map(|found| Value::Number(expected(found).composite.unwrap()));
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
        record(db, &version, "2011-12-10", 1, at(100), &[score(&version, ids[0], 10)]).await;
        evaluated(db, &version, "2011-12-10", at(110)).await;
        // Three days later nothing but days has passed.
        let (mut values, _) = score(&version, ids[0], 10).score.unwrap();
        values[0] = Value::Number(Decimal::from(13));
        let later = |values: &[Value]| {
            let calibration = &version.published.as_ref().unwrap().frozen.calibration;
            let scorer = kehu_core::scorecard::Scorer::new(&version.definition, calibration);
            scorer.unwrap().score(&reference(ids[0]), values)
        };
        let found = Evaluated {
            customer: CustomerId(ids[0]),
            score: Some((values.clone(), later(&values))),
        };
        let none = record(db, &version, "2011-12-13", 2, at(200), &[found]).await;
        assert_eq!(none, [0_i64; 0]);
        evaluated(db, &version, "2011-12-13", at(210)).await;
        let find = async |true_on: &str, known_at| {
            let view = view(Some(day(true_on)), known_at);
            scores::find(db, "rfm", CustomerId(ids[0]), view).await.unwrap().unwrap()
        };
        for (true_on, known_at, as_of, days) in [
            ("2011-12-12", None, "2011-12-10", 10),
            ("2011-12-13", None, "2011-12-13", 13),
            ("2011-12-31", None, "2011-12-13", 13),
            ("2011-12-13", Some(at(209)), "2011-12-10", 10),
            ("2011-12-13", Some(at(210)), "2011-12-13", 13),
        ] {
            let record = find(true_on, known_at).await;
            assert_eq!(record.as_of, day(as_of), "{true_on} {known_at:?}");
            let value = &record.score.contributions[0].value;
            assert_eq!(value, &Value::Number(Decimal::from(days)), "{true_on} {known_at:?}");
            assert_eq!((record.recorded_at, record.superseded_at), (at(100), None));
        }

        // A correction of the first day leaves the other as it is.
        record(db, &version, "2011-12-10", 3, at(300), &[score(&version, ids[0], 50)]).await;
        let corrected = find("2011-12-12", None).await;
        assert_eq!(corrected.score, expected(score(&version, ids[0], 50)));
        assert_eq!(find("2011-12-13", None).await.score, later(&values));
        let before = find("2011-12-12", Some(at(299))).await;
        assert_eq!(before.score, expected(score(&version, ids[0], 10)));
        // Who is no customer any more has no score.
        let gone = [Evaluated { customer: CustomerId(ids[0]), score: None }];
        assert_eq!(record_gone(db, &version, &gone).await, [ids[0]]);
        let view = view(Some(day("2011-12-13")), None);
        assert_eq!(scores::find(db, "rfm", CustomerId(ids[0]), view).await.unwrap(), None);
    })
    .await;
}

async fn record_gone(db: &Database, version: &Version, gone: &[Evaluated]) -> Vec<i64> {
    record(db, version, "2011-12-13", 4, at(400), gone).await
}

/// Version and position together say which of two evaluations is the newer one.
#[tokio::test]
async fn a_newer_version_is_not_lost() {
    each_database(async |test| {
        let db = &test.database;
        let ids = customers(db, 1).await;
        let first = published(db, "rfm").await;
        let second = published(db, "rfm").await;
        record(db, &first, "2011-12-10", 7, at(100), &[score(&first, ids[0], 10)]).await;
        let by_run = |version, found, facts_position| Evaluation {
            version,
            as_of: day("2011-12-10"),
            run_id: Some(1),
            facts_position: at_position(facts_position),
            recorded_at: at(200),
            found,
        };
        let find = async || {
            let found = scores::find(db, "rfm", CustomerId(ids[0]), View::default()).await;
            found.unwrap().unwrap().version.version
        };
        // It has seen less: neither is its version lost nor the change.
        let newer = [score(&second, ids[0], 10)];
        let recorded = write(db, by_run(&second, &newer, 6)).await;
        assert_eq!((recorded.written.len(), recorded.stale), (0, vec![CustomerId(ids[0])]));
        assert_eq!(find().await, 1);
        let recorded = write(db, by_run(&second, &newer, 7)).await;
        assert_eq!((recorded.written, recorded.stale), (vec![CustomerId(ids[0])], vec![]));
        assert_eq!(find().await, 2);
        // A run of the version before, taken up again.
        let older = [score(&first, ids[0], 20)];
        let recorded = write(db, by_run(&first, &older, 9)).await;
        assert_eq!(recorded, Recorded::default());
        assert_eq!(find().await, 2);
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
        record(db, &version, "2011-12-10", 1, at(100), &a).await;
        assert_eq!(record(db, &version, "2011-12-10", 3, at(200), &a).await, [0_i64; 0]);
        let b = [score(&version, ids[0], 50)];
        assert_eq!(record(db, &version, "2011-12-10", 2, at(300), &b).await, [0_i64; 0]);
        let found = scores::find(db, "rfm", CustomerId(ids[0]), View::default()).await;
        assert_eq!(found.unwrap().unwrap().score, expected(score(&version, ids[0], 10)));
    })
    .await;
}

#[tokio::test]
async fn of_two_writers_the_later_one_notices() {
    each_database(async |test| {
        let db = &test.database;
        if test.kind == "sqlite" {
            // It has one writer at a time.
            return;
        }
        let ids = customers(db, 2).await;
        let version = published(db, "rfm").await;
        record(db, &version, "2011-12-10", 1, at(100), &[score(&version, ids[0], 10)]).await;
        // The one customer has a score already, the other none.
        for (customer, found) in [(ids[0], 20), (ids[1], 20)] {
            let evaluation = |found, as_of| Evaluation {
                version: &version,
                as_of: day(as_of),
                run_id: None,
                facts_position: at_position(2),
                recorded_at: at(200),
                found,
            };
            let (one, two) = ([score(&version, customer, found)], [score(&version, customer, 50)]);
            let first = db.begin().await.unwrap();
            scores::record(&first, &[evaluation(&one, "2011-12-11")]).await.unwrap();
            let second = async {
                let second = db.begin().await.unwrap();
                scores::record(&second, &[evaluation(&two, "2011-12-12")]).await
            };
            let commit = async {
                tokio::task::yield_now().await;
                first.commit().await.unwrap();
            };
            let (quicker, ()) = tokio::join!(second, commit);
            // It waited for the first, or began after it.
            match quicker {
                Ok(recorded) => assert_eq!(recorded.written, [CustomerId(customer)]),
                Err(error) => assert!(matches!(error, kehu_storage::Error::Conflict(_)), "{error}"),
            }
            let view = view(Some(day("2011-12-11")), None);
            let held = scores::find(db, "rfm", CustomerId(customer), view).await.unwrap().unwrap();
            assert_eq!(held.score, expected(score(&version, customer, found)));
        }
    })
    .await;
}
