//! Scores on two time axes.

use chrono::{DateTime, NaiveDate, Utc};
use kehu_core::scorecard::{ColumnKind, Score};
use kehu_core::{CustomerId, Value};
use kehu_storage::facts::CustomerSet;
use kehu_storage::scoring::scorecards::Version;
use kehu_storage::scoring::scores::{self, Evaluation, View};
use kehu_storage::{Database, PageRequest};
use kehu_tests::{at, day, each_database};
use rust_decimal::Decimal;

use crate::{customers, published, score};

/// Records scores as of a date; returns the customers whose scores were written.
async fn record(
    db: &Database,
    version: &Version,
    as_of: &str,
    facts_position: i64,
    recorded_at: DateTime<Utc>,
    scores: &[(CustomerId, Score)],
) -> Vec<i64> {
    let transaction = db.begin().await.unwrap();
    let facts_position = format!("0001.{facts_position:012x}.0000").parse().unwrap();
    let evaluation =
        Evaluation { version, as_of: day(as_of), run_id: None, facts_position, recorded_at };
    let written = scores::record(&transaction, &evaluation, scores).await.unwrap();
    transaction.commit().await.unwrap();
    written.into_iter().map(|customer| customer.0).collect()
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
            let expected = expected.map(|number| score(&version, customer, number).1);
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
        assert_eq!(old.score, followed[0].1);
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
        let dates =
            scores::latest_dates(db, "abc", &[CustomerId(ids[0]), CustomerId(ids[1])]).await;
        assert_eq!(Vec::from_iter(dates.unwrap()), [(CustomerId(ids[1]), day("2011-12-31"))]);
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
        let expected = new(1).into_iter().map(|(_, score)| Value::Number(score.composite.unwrap()));
        assert_eq!(composites, expected.collect::<Vec<_>>());
    })
    .await;
}
