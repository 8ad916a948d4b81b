use std::fmt::Write;

use chrono::Days;
use kehu_analytics::{Analytics, CustomerSet, Error, Frame, Limits};
use kehu_core::{CustomerId, Value};
use kehu_storage::Database;
use kehu_storage::facts::partitions;
use kehu_tests::{databases, day, each_database};

use crate::facts::{customers, lines, orders, rates};

const AS_OF: &str = "2024-03-31";

fn analytics(db: &Database) -> Analytics {
    Analytics::new(db.clone(), Limits::of_memory(1 << 30))
}

async fn frame(db: &Database, set: &CustomerSet, features: &[&str]) -> Frame {
    analytics(db).features(set, day(AS_OF), features).await.unwrap()
}

async fn all_features(db: &Database, set: &CustomerSet) -> Frame {
    let analytics = analytics(db);
    let catalogue = analytics.catalogue().await.unwrap();
    let features: Vec<&str> =
        catalogue.features().iter().map(|feature| feature.id.as_str()).collect();
    analytics.features(set, day(AS_OF), &features).await.unwrap()
}

async fn small_shop(db: &Database) {
    customers(
        db,
        "1 company GB London 2020-01-01
         2 -       FR -      2024-03-01
         3 person  -  -      2024-03-11",
    )
    .await;
    rates(db, "EUR 2024-01-01 8000000000\nEUR 2024-03-10 9000000000").await;
    // Order 2 is cancelled, order 4 is later; 5 and 6 are in euros.
    orders(
        db,
        "1 1 1 1 2024-03-01 9  GBP 100 100 web
         2 1 1 2 2024-03-02 9  GBP 999 999 shop
         3 1 2 1 2024-03-31 9  GBP -30 -30 web
         4 1 1 1 2024-04-01 9  GBP 999 999 shop
         5 2 1 1 2024-03-09 23 EUR 100 80  shop
         6 2 1 1 2024-03-10 23 EUR 100 90  -",
    )
    .await;
    lines(
        db,
        "1 1 tea  acme 2 - 60
         1 2 mugs acme 5 0 40
         2 1 sofa acme 9 0 999
         3 1 tea  acme 2 - -30
         4 1 sofa acme 9 0 999
         5 1 tea  bolt 4 10 80
         6 1 tea  bolt 2 10 90",
    )
    .await;
}

#[tokio::test]
async fn facts_become_features() {
    each_database(async |test| {
        let db = &test.database;
        small_shop(db).await;
        let frame = all_features(db, &CustomerSet::All).await;
        assert_eq!(frame.customers(), [1, 2, 3].map(CustomerId));
        for (feature, expected) in [
            ("recency_days", ["30", "21", "null"]),
            ("tenure_days", ["30", "22", "20"]),
            ("orders_365d", ["1", "2", "0"]),
            ("amount_30d", ["-30.0000", "170.0000", "null"]),
            ("amount_total", ["70.0000", "170.0000", "null"]),
            ("preferred_channel", ["web", "shop", "null"]),
            ("preferred_hour_band", ["morning", "evening", "null"]),
            ("top_category", ["tea", "tea", "null"]),
            ("top_brand", ["acme", "bolt", "null"]),
            // The discounts are 10 euros at 0.8 and at 0.9.
            ("discount_share_365d", ["0", "0.090909091", "null"]),
            // Tea at 2 is the only tea in pounds; in euros one costs 2 and one 4.
            ("price_level", ["0.5", "0.5", "null"]),
            ("customer_type", ["company", "null", "person"]),
            ("country", ["GB", "FR", "null"]),
            ("city", ["London", "null", "null"]),
        ] {
            let values: Vec<String> = frame.column(feature).unwrap().iter().map(text).collect();
            assert_eq!(values, expected, "{feature}");
        }
    })
    .await;
}

#[tokio::test]
async fn only_customers_of_the_set_that_exist() {
    each_database(async |test| {
        let db = &test.database;
        let empty = frame(db, &CustomerSet::All, &["recency_days"]).await;
        assert!(empty.is_empty() && empty.column("recency_days").unwrap().is_empty());
        small_shop(db).await;
        for (set, expected) in [
            (CustomerSet::Ids(vec![3, 99, 1, 3, -1]), vec![1, 3]),
            (CustomerSet::Ids(vec![]), vec![]),
            (CustomerSet::Range(2, 100), vec![2, 3]),
            (CustomerSet::Range(3, 2), vec![]),
            (CustomerSet::Range(i64::MIN, i64::MAX), vec![1, 2, 3]),
        ] {
            let ids: Vec<CustomerId> = expected.into_iter().map(CustomerId).collect();
            assert_eq!(frame(db, &set, &[]).await.customers(), ids, "{set:?}");
            assert_eq!(frame(db, &set, &["top_brand", "country"]).await.customers(), ids);
        }
        let columns =
            frame(db, &CustomerSet::All, &["orders_30d", "amount_30d", "orders_30d"]).await;
        let names: Vec<String> = columns.columns().into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["orders_30d", "amount_30d"]);
        let unknown = analytics(db).features(&CustomerSet::All, day(AS_OF), &["recency_day"]).await;
        assert!(matches!(unknown, Err(Error::UnknownFeature { .. })));
    })
    .await;
}

/// 600 customers, more than are read in one statement, with some orders each.
async fn large_shop(db: &Database) {
    let (mut who, mut what, mut which) = (String::new(), String::new(), String::new());
    let mut state = 1_u64;
    let mut below = |limit: u64| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % limit
    };
    let mut order = 0;
    for customer in 1..=600 {
        writeln!(who, "{customer} - - - 2020-01-01").unwrap();
        for _ in 0..below(8) {
            order += 1;
            let on = day(AS_OF) - Days::new(below(800));
            let (kind, sign) = if below(6) == 0 { (2, "-") } else { (1, "") };
            let (hour, value) = (below(24), below(90_000));
            let channel = ["web", "shop", "-"][usize::try_from(below(3)).unwrap()];
            writeln!(
                what,
                "{order} {customer} {kind} 1 {on} {hour} GBP {sign}{value} {sign}{value} {channel}"
            )
            .unwrap();
            for line in 1..=below(4) {
                let category = ["tea", "mugs", "茶", "-"][usize::try_from(below(4)).unwrap()];
                let (price, discount, value) = (below(9), below(5), below(500));
                writeln!(
                    which,
                    "{order} {line} {category} b{price} {price} {discount} {sign}{value}"
                )
                .unwrap();
            }
        }
    }
    customers(db, &who).await;
    orders(db, &what).await;
    lines(db, &which).await;
}

#[tokio::test]
async fn the_same_on_every_database_and_for_every_set() {
    let mut frames = Vec::new();
    for test in databases().await {
        let db = &test.database;
        large_shop(db).await;
        let all = all_features(db, &CustomerSet::All).await;
        let ids = CustomerSet::Ids((1..=600).collect());
        assert_eq!(all, all_features(db, &ids).await, "{}", test.kind);
        let ranges = partitions(db, 250).await.unwrap();
        assert_eq!(ranges, [(1, 250), (251, 500), (501, 600)]);
        for (first, last) in ranges {
            assert_rows(&all, &all_features(db, &CustomerSet::Range(first, last)).await);
        }
        for id in [1, 77, 600] {
            assert_rows(&all, &all_features(db, &CustomerSet::Ids(vec![id])).await);
        }
        frames.push(all);
    }
    for frame in &frames {
        assert_eq!(frame, &frames[0]);
    }
}

/// Facts are read and computed for 20,000 customers at a time.
#[tokio::test]
async fn more_customers_than_are_computed_at_once() {
    each_database(async |test| {
        let db = &test.database;
        large_shop(db).await;
        let others = (601..=20_400).map(|customer| format!("{customer} - - - -\n"));
        customers(db, &others.collect::<String>()).await;
        let features = ["price_level", "orders_total", "amount_total"];
        let all = frame(db, &CustomerSet::All, &features).await;
        let expected: Vec<CustomerId> = (1..=20_400).map(CustomerId).collect();
        assert_eq!(all.customers(), expected);
        let ids = CustomerSet::Ids((1..=700).rev().collect());
        assert_rows(&all, &frame(db, &ids, &features).await);
    })
    .await;
}

/// What others buy, or turn out to have bought, moves nobody before the next month, or the next run.
#[tokio::test]
async fn prices_of_others_count_from_the_next_month_on() {
    each_database(async |test| {
        let db = &test.database;
        let freeze = async |run, as_of| {
            analytics(db).freeze(day(as_of), run, &["price_level"]).await.unwrap();
        };
        customers(db, "1 - - - -\n2 - - - -\n3 - - - -").await;
        orders(
            db,
            "1 1 1 1 2024-02-10 9 GBP 2 2 -
             2 2 1 1 2024-02-11 9 GBP 4 4 -
             3 1 1 1 2024-03-05 9 GBP 3 3 -",
        )
        .await;
        lines(db, "1 1 tea - 2 - 2\n2 1 tea - 4 - 4\n3 1 tea - 3 - 3").await;
        assert_eq!(price_levels(db, "2024-03-31").await, ["0.375", "0.75", "null"]);
        freeze(7, "2024-03-31").await;
        let more = "4 2 1 1 2024-02-20 9 GBP 1 1 -\n5 3 1 1 2024-03-20 9 GBP 3 3 -";
        orders(db, more).await;
        lines(db, "4 1 tea - 1 - 1\n5 1 tea - 3 - 3").await;
        let frozen = ["0.375", "0.375", "0.5"];
        assert_eq!(price_levels(db, "2024-03-31").await, frozen);
        freeze(7, "2024-03-31").await;
        freeze(6, "2024-03-02").await;
        assert_eq!(price_levels(db, "2024-03-31").await, frozen, "not by the same or an older run");
        assert_eq!(price_levels(db, "2024-04-01").await, frozen, "no run of April yet");
        freeze(8, "2024-04-01").await;
        assert_eq!(price_levels(db, "2024-04-01").await, ["0.45", "0.5", "0.6"]);
        assert_eq!(price_levels(db, "2024-03-31").await, frozen);
        freeze(9, "2024-03-31").await;
        assert_eq!(price_levels(db, "2024-03-31").await, ["0.583333333", "0.5", "0.666666667"]);
    })
    .await;
}

/// Of the workers of a run that freeze a month at once one does.
#[tokio::test]
async fn a_month_is_frozen_once() {
    each_database(async |test| {
        let db = &test.database;
        large_shop(db).await;
        let before = frame(db, &CustomerSet::All, &["price_level"]).await;
        let workers = (0..8).map(|_| async {
            analytics(db).freeze(day(AS_OF), 1, &["price_level", "orders_total"]).await.unwrap();
        });
        futures::future::join_all(workers).await;
        assert_eq!(frame(db, &CustomerSet::All, &["price_level"]).await, before);
    })
    .await;
}

async fn price_levels(db: &Database, as_of: &str) -> Vec<String> {
    let frame = analytics(db).features(&CustomerSet::All, day(as_of), &["price_level"]).await;
    frame.unwrap().column("price_level").unwrap().iter().map(text).collect()
}

/// Every row of `some` is in `all` as it is.
fn assert_rows(all: &Frame, some: &Frame) {
    let customers = all.customers();
    for (row, customer) in some.customers().iter().enumerate() {
        let place = customers.binary_search(customer).unwrap();
        assert_eq!(some.row(row), all.row(place), "{customer}");
    }
}

pub(crate) fn text(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(bool) => bool.to_string(),
        Value::Number(number) => number.to_string(),
        Value::Text(text) => text.clone(),
    }
}
