use chrono::{DateTime, Utc};
use kehu_storage::Database;
use kehu_storage::ingestion::{Entry, NewOrder};
use kehu_tests::{at, day, each_database, shop};
use sea_orm::{ConnectionTrait, Statement};

/// An order as its source had it at a time.
fn version(pounds: i64, updated: Option<DateTime<Utc>>) -> NewOrder {
    let sale = shop::sale("c1", "o1", day("2011-12-09"), pounds);
    NewOrder { source_updated_at: updated, ..sale }
}

async fn ingest(db: &Database, stream: &str, orders: Vec<NewOrder>, now: DateTime<Utc>) {
    shop::ingest(db, stream, orders.into_iter().map(Entry::Order).collect(), now).await;
}

/// The versions of all orders in the order of their numbers, as the pounds of the order, the pounds
/// of its line, and from when to when it was known.
async fn versions(db: &Database) -> Vec<(i64, i64, i64, Option<i64>)> {
    let sql = "SELECT o.amount, l.amount AS line, o.recorded_at, o.superseded_at FROM sales_order o \
               JOIN order_line l ON l.order_id = o.order_id ORDER BY o.order_id";
    let statement = Statement::from_string(db.reader().get_database_backend(), sql);
    let rows = db.reader().query_all_raw(statement).await.unwrap();
    let seconds = |micros: i64| micros / 1_000_000 - at(0).timestamp();
    let row = |row: &sea_orm::QueryResult| {
        let get = |name: &str| row.try_get::<i64>("", name).unwrap();
        let ended = row.try_get::<Option<i64>>("", "superseded_at").unwrap();
        let (amount, line) = (get("amount") / 10_000, get("line") / 10_000);
        (amount, line, seconds(get("recorded_at")), ended.map(seconds))
    };
    rows.iter().map(row).collect()
}

#[tokio::test]
async fn a_changed_order_keeps_its_former_version() {
    each_database(async |test| {
        let db = &test.database;
        ingest(db, "one", vec![version(10, None)], at(1)).await;
        ingest(db, "two", vec![version(10, None)], at(2)).await;
        ingest(db, "three", vec![version(30, None)], at(3)).await;
        ingest(db, "four", vec![version(40, None), version(50, None)], at(4)).await;
        let expected = [(10, 10, 1, Some(3)), (30, 30, 3, Some(4)), (50, 50, 4, None)];
        assert_eq!(versions(db).await, expected);
    })
    .await;
}

#[tokio::test]
async fn an_older_version_does_not_win_by_coming_later() {
    each_database(async |test| {
        let db = &test.database;
        let held = version(20, Some(at(-200)));
        ingest(db, "one", vec![held, version(10, Some(at(-300)))], at(1)).await;
        ingest(db, "two", vec![version(15, Some(at(-250)))], at(2)).await;
        let former = [(20, 20, 1, None), (10, 10, 1, Some(1)), (15, 15, 2, Some(2))];
        assert_eq!(versions(db).await, former);
        ingest(db, "three", vec![version(30, Some(at(-200)))], at(3)).await;
        ingest(db, "four", vec![version(40, None)], at(4)).await;
        // What came without a time of its source counts as changed when it came.
        ingest(db, "five", vec![version(50, Some(at(3)))], at(5)).await;
        let expected = [
            (20, 20, 1, Some(3)),
            (10, 10, 1, Some(1)),
            (15, 15, 2, Some(2)),
            (30, 30, 3, Some(4)),
            (40, 40, 4, None),
            (50, 50, 5, Some(5)),
        ];
        assert_eq!(versions(db).await, expected);
    })
    .await;
}

/// How often anybody was told of a change.
async fn changes(db: &Database) -> i64 {
    let backend = db.reader().get_database_backend();
    let statement = Statement::from_string(backend, "SELECT COUNT(*) FROM change_log");
    db.reader().query_one_raw(statement).await.unwrap().unwrap().try_get_by_index(0).unwrap()
}

/// What stands, in pounds, and how many versions there are.
async fn outcome(db: &Database) -> (Vec<i64>, usize) {
    let versions = versions(db).await;
    let standing = versions.iter().filter(|version| version.3.is_none());
    (standing.map(|version| version.0).collect(), versions.len())
}

#[tokio::test]
async fn the_order_of_arrival_of_versions_does_not_matter() {
    each_database(async |test| {
        let old = || version(10, Some(at(-300)));
        let new = || version(20, Some(at(-200)));
        // The source went back to what it had said first.
        let back = || version(10, Some(at(-100)));
        let key = |name: &str, order: NewOrder| NewOrder { external_id: name.to_owned(), ..order };
        let db = &test.database;
        for (name, orders) in [
            ("a", [old(), new(), back()]),
            ("b", [new(), old(), back()]),
            ("c", [old(), back(), new()]),
            ("d", [back(), new(), old()]),
        ] {
            for (place, order) in orders.into_iter().enumerate() {
                ingest(db, &format!("{name}{place}"), vec![key(name, order)], at(1)).await;
            }
            let before = (versions(db).await, changes(db).await);
            let again = [old(), new(), back()].map(|order| key(name, order));
            ingest(db, &format!("{name}-again"), again.to_vec(), at(2)).await;
            assert_eq!((versions(db).await, changes(db).await), before, "{name}");
        }
        let (standing, _) = outcome(db).await;
        assert_eq!(standing, [10; 4]);
    })
    .await;
}

/// Enough of them that they are taken for new before the database is asked.
#[tokio::test]
async fn versions_of_one_batch_are_told_apart_by_their_time() {
    each_database(async |test| {
        let db = &test.database;
        let batch = || -> Vec<NewOrder> {
            let versions = (0..600).flat_map(|number| {
                let key = format!("o{number}");
                let sale = move |pounds, updated| NewOrder {
                    external_id: key.clone(),
                    ..version(pounds, Some(at(updated)))
                };
                [sale(20, -100), sale(10, -200)]
            });
            versions.collect()
        };
        ingest(db, "one", batch(), at(1)).await;
        assert_eq!(outcome(db).await, (vec![20; 600], 1_200));
        ingest(db, "two", batch(), at(2)).await;
        assert_eq!(outcome(db).await, (vec![20; 600], 1_200));
    })
    .await;
}
