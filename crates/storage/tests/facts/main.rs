//! Facts as columns, on both databases.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use chrono::NaiveDate;
use kehu_storage::Database;
use kehu_storage::bulk::{Column, OnConflict, insert};
use kehu_storage::facts::{
    CustomerSet, customer_ids, customers, lines, orders, partitions, prices, split,
};
use kehu_tests::each_database;

async fn write(db: &Database, table: &str, columns: &[(&str, Column)]) {
    let transaction = db.begin().await.unwrap();
    insert(&transaction, table, columns, OnConflict::Fail).await.unwrap();
    transaction.commit().await.unwrap();
}

async fn write_customers(db: &Database, ids: Vec<i64>) {
    let rows = ids.len();
    let columns = [
        ("customer_id", Column::I64(ids)),
        ("region_code", Column::OptText(vec![Some("GB".to_owned()); rows])),
        ("registered_on", Column::OptI32(vec![None; rows])),
        ("attributes", Column::Text(vec!["[1,1,{}]".to_owned(); rows])),
        ("version", Column::I64(vec![1; rows])),
        ("created_at", Column::I64(vec![0; rows])),
        ("updated_at", Column::I64(vec![0; rows])),
    ];
    write(db, "customer", &columns).await;
}

/// Orders as (order, customer, kind, status, day); an amount of 10 times the number of the order.
async fn write_orders(db: &Database, rows: &[(i64, i64, i32, i32, i32)]) {
    let amounts: Vec<i64> = rows.iter().map(|row| row.0 * 10).collect();
    let columns = [
        ("order_id", Column::I64(rows.iter().map(|row| row.0).collect())),
        ("customer_id", Column::I64(rows.iter().map(|row| row.1).collect())),
        ("source_id", Column::I64(vec![1; rows.len()])),
        ("external_id", Column::Text(rows.iter().map(|row| row.0.to_string()).collect())),
        ("kind", Column::I32(rows.iter().map(|row| row.2).collect())),
        ("status", Column::I32(rows.iter().map(|row| row.3).collect())),
        ("ordered_at", Column::I64(vec![0; rows.len()])),
        ("ordered_on", Column::I32(rows.iter().map(|row| row.4).collect())),
        ("ordered_hour", Column::I32(vec![13; rows.len()])),
        ("currency", Column::Text(vec!["GBP".to_owned(); rows.len()])),
        ("amount", Column::I64(amounts.clone())),
        ("base_amount", Column::I64(amounts)),
        ("line_count", Column::I32(vec![1; rows.len()])),
        ("channel", Column::OptText(vec![Some("web \"2\", '店'".to_owned()); rows.len()])),
        ("digest", Column::Text(vec![String::new(); rows.len()])),
        ("recorded_at", Column::I64(vec![0; rows.len()])),
    ];
    write(db, "sales_order", &columns).await;
}

/// Lines as (order, line, category, unit price), of quantity 1 and without a discount.
async fn write_lines(db: &Database, rows: &[(i64, i64, Option<&str>, i64)]) {
    let categories = rows.iter().map(|row| row.2.map(str::to_owned)).collect();
    let prices: Vec<i64> = rows.iter().map(|row| row.3).collect();
    let columns = [
        ("order_id", Column::I64(rows.iter().map(|row| row.0).collect())),
        ("line_number", Column::I64(rows.iter().map(|row| row.1).collect())),
        ("category", Column::OptText(categories)),
        ("quantity", Column::I64(vec![10_000; rows.len()])),
        ("unit_price", Column::I64(prices.clone())),
        ("amount", Column::I64(prices.clone())),
        ("base_amount", Column::I64(prices)),
    ];
    write(db, "order_line", &columns).await;
}

fn day(days: i32) -> NaiveDate {
    kehu_storage::time::date(days).unwrap()
}

#[tokio::test]
async fn customers_are_cut_into_ranges() {
    each_database(async |test| {
        let db = &test.database;
        assert!(partitions(db, 10).await.unwrap().is_empty());
        write_customers(db, vec![-5, 1, 2, 7, 8, 100, i64::MAX]).await;
        for (size, ranges) in [
            (3, vec![(-5, 2), (7, 100), (i64::MAX, i64::MAX)]),
            (7, vec![(-5, i64::MAX)]),
            (1_000, vec![(-5, i64::MAX)]),
        ] {
            assert_eq!(partitions(db, size).await.unwrap(), ranges);
        }
        for (set, size, sets) in [
            (CustomerSet::Range(2, 9), 2, vec![CustomerSet::Range(2, 7), CustomerSet::Range(8, 8)]),
            (CustomerSet::Range(9, 99), 2, vec![]),
            (
                CustomerSet::Ids(vec![8, 1, 8, 4]),
                2,
                vec![CustomerSet::Ids(vec![1, 4]), CustomerSet::Ids(vec![8])],
            ),
        ] {
            assert_eq!(split(db, &set, size).await.unwrap(), sets);
        }
    })
    .await;
}

/// More ids than one statement takes on either database.
#[tokio::test]
async fn long_lists_of_ids() {
    each_database(async |test| {
        let db = &test.database;
        write_customers(db, (1..=40_000).filter(|id| id % 2 == 0).collect()).await;
        let asked = CustomerSet::Ids((1..=40_000).rev().collect());
        let found: Vec<i64> = (1..=40_000).filter(|id| id % 2 == 0).collect();
        assert_eq!(customer_ids(db, &asked).await.unwrap(), found);
        assert_eq!(customer_ids(db, &CustomerSet::All).await.unwrap(), found);
        let some = customers(db, &CustomerSet::Range(3, 7), day(0)).await.unwrap();
        assert_eq!(some.customer_id, [4, 6]);
        assert_eq!(some.region_code, vec![Some("GB".to_owned()); 2]);
        assert_eq!((some.city, some.registered_on), (vec![None; 2], vec![None; 2]));
    })
    .await;
}

#[tokio::test]
async fn orders_up_to_a_day() {
    each_database(async |test| {
        let db = &test.database;
        write_customers(db, vec![1, 2, 3]).await;
        write_orders(
            db,
            &[
                (1, 2, 1, 1, 100),
                (2, 1, 1, 1, 101),
                (3, 1, 2, 1, 101),
                (4, 1, 3, 1, 90),
                (5, 1, 1, 2, 95),
                (6, 1, 1, 1, 102),
                (7, 3, 1, 1, -40),
            ],
        )
        .await;
        let read = orders(db, &CustomerSet::All, day(101)).await.unwrap();
        assert_eq!(read.order_id, [4, 2, 3, 1, 7]);
        assert_eq!(read.customer_id, [1, 1, 1, 2, 3]);
        assert_eq!(read.ordered_on, [90, 101, 101, 100, -40]);
        assert_eq!(read.kind, [3, 1, 2, 1, 1]);
        assert_eq!(read.amount, [40, 20, 30, 10, 70]);
        assert_eq!(read.hour, [13; 5]);
        assert_eq!(read.channel, vec![Some("web \"2\", '店'".to_owned()); 5]);
        let some = orders(db, &CustomerSet::Ids(vec![3, 2, 9]), day(101)).await.unwrap();
        assert_eq!(some.order_id, [1, 7]);
        assert!(orders(db, &CustomerSet::All, day(-41)).await.unwrap().order_id.is_empty());
        for (through, expected) in [(-41, vec![]), (95, vec![1, 3]), (100, vec![1, 2, 3])] {
            let known = customers(db, &CustomerSet::All, day(through)).await.unwrap();
            assert_eq!(known.customer_id, expected, "customers on day {through}");
        }
    })
    .await;
}

#[tokio::test]
async fn lines_and_prices_are_of_completed_sales() {
    each_database(async |test| {
        let db = &test.database;
        write_customers(db, vec![1, 2]).await;
        let sales =
            [(1, 2, 1, 1, 9), (2, 1, 1, 1, 8), (3, 1, 2, 1, 8), (4, 1, 1, 2, 8), (5, 1, 1, 1, 10)];
        write_orders(db, &sales).await;
        let tea = Some("tea");
        let rows = [
            (1, 1, tea, 5),
            (2, 2, tea, 5),
            (2, 1, None, 6),
            (2, 3, Some("茶"), 7),
            (3, 1, tea, 8),
            (4, 1, tea, 8),
            (5, 1, tea, 8),
        ];
        write_lines(db, &rows).await;
        let read = lines(db, &CustomerSet::All, day(9)).await.unwrap();
        assert_eq!(read.customer_id, [1, 1, 1, 2]);
        assert_eq!(read.ordered_on, [8, 8, 8, 9]);
        assert_eq!(read.unit_price, [6, 5, 7, 5]);
        assert_eq!(read.category[..3], [None, Some("tea".to_owned()), Some("茶".to_owned())]);
        for (categories, expected) in [
            (vec!["tea".to_owned(), "茶".to_owned()], vec![("tea", 5, 2), ("茶", 7, 1)]),
            (vec!["茶".to_owned(), "x".to_owned()], vec![("茶", 7, 1)]),
            (vec![], vec![]),
            // Too many to name.
            (vec!["x".to_owned(); 501], vec![("tea", 5, 2), ("茶", 7, 1)]),
        ] {
            let read = prices(db, &categories, day(9)).await.unwrap();
            let counted = read.unit_price.iter().zip(&read.lines);
            let mut found: Vec<(&str, i64, i64)> = read
                .category
                .iter()
                .zip(counted)
                .map(|(name, (price, count))| (name.as_str(), *price, *count))
                .collect();
            found.sort_unstable();
            assert_eq!(found, expected);
        }
    })
    .await;
}
