//! Customers, orders and lines to put into a database.

use kehu_core::Money;
use kehu_core::calendar::to_days;
use kehu_storage::Database;
use kehu_storage::bulk::{Column, OnConflict, insert};
use kehu_tests::day;

/// Rows of text: one row a line, words apart by spaces, `-` for null.
struct Rows<'a>(Vec<Vec<&'a str>>);

impl<'a> Rows<'a> {
    fn new(text: &'a str) -> Self {
        let rows = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
        Self(rows.filter(|row| !row.is_empty()).collect())
    }

    fn map<T>(&self, place: usize, read: impl Fn(&str) -> T) -> Vec<T> {
        self.0.iter().map(|row| read(row[place])).collect()
    }

    fn numbers(&self, place: usize) -> Column {
        Column::I64(self.map(place, |word| word.parse().unwrap()))
    }

    fn amounts(&self, place: usize) -> Column {
        Column::I64(self.map(place, amount))
    }

    fn days(&self, place: usize) -> Column {
        Column::I32(self.map(place, |word| to_days(day(word))))
    }

    fn texts(&self, place: usize) -> Column {
        Column::OptText(self.map(place, |word| known(word).map(str::to_owned)))
    }

    fn of<T: Clone>(&self, value: T) -> Vec<T> {
        vec![value; self.0.len()]
    }
}

fn amount(text: &str) -> i64 {
    Money::from_decimal(text.parse().unwrap()).unwrap().0
}

fn known(word: &str) -> Option<&str> {
    (word != "-").then_some(word)
}

async fn write(db: &Database, table: &str, columns: &[(&str, Column)]) {
    let transaction = db.begin().await.unwrap();
    insert(&transaction, table, columns, OnConflict::Fail).await.unwrap();
    transaction.commit().await.unwrap();
}

/// `customer type country city registered-on`
pub(crate) async fn customers(db: &Database, text: &str) {
    let rows = Rows::new(text);
    let columns = [
        ("customer_id", rows.numbers(0)),
        ("customer_type", rows.texts(1)),
        ("region_code", rows.texts(2)),
        ("city", rows.texts(3)),
        (
            "registered_on",
            Column::OptI32(rows.map(4, |word| known(word).map(|on| to_days(day(on))))),
        ),
        ("attributes", Column::Text(rows.of("[1,1,{}]".to_owned()))),
        ("version", Column::I64(rows.of(1))),
        ("created_at", Column::I64(rows.of(0))),
        ("updated_at", Column::I64(rows.of(0))),
    ];
    write(db, "customer", &columns).await;
}

/// `order customer kind status day hour currency amount base-amount channel`
pub(crate) async fn orders(db: &Database, text: &str) {
    let rows = Rows::new(text);
    let number = |word: &str| word.parse().unwrap();
    let columns = [
        ("order_id", rows.numbers(0)),
        ("customer_id", rows.numbers(1)),
        ("source_id", Column::I64(rows.of(1))),
        ("external_id", Column::Text(rows.map(0, str::to_owned))),
        ("kind", Column::I32(rows.map(2, number))),
        ("status", Column::I32(rows.map(3, number))),
        ("ordered_at", Column::I64(rows.of(0))),
        ("ordered_on", rows.days(4)),
        ("ordered_hour", Column::I32(rows.map(5, number))),
        ("currency", Column::Text(rows.map(6, str::to_owned))),
        ("amount", rows.amounts(7)),
        ("base_amount", rows.amounts(8)),
        ("line_count", Column::I32(rows.of(1))),
        ("channel", rows.texts(9)),
        ("digest", Column::Text(rows.of(String::new()))),
        ("recorded_at", Column::I64(rows.of(0))),
    ];
    write(db, "sales_order", &columns).await;
}

/// `order line category brand unit-price discount base-amount`
pub(crate) async fn lines(db: &Database, text: &str) {
    let rows = Rows::new(text);
    let columns = [
        ("order_id", rows.numbers(0)),
        ("line_number", rows.numbers(1)),
        ("category", rows.texts(2)),
        ("brand", rows.texts(3)),
        ("quantity", Column::I64(rows.of(10_000))),
        ("unit_price", rows.amounts(4)),
        ("discount", Column::OptI64(rows.map(5, |word| known(word).map(amount)))),
        ("amount", rows.amounts(6)),
        ("base_amount", rows.amounts(6)),
    ];
    write(db, "order_line", &columns).await;
}

/// `currency first-day rate`, the rate a count of 1/10,000,000,000.
pub(crate) async fn rates(db: &Database, text: &str) {
    let rows = Rows::new(text);
    let columns = [
        ("currency", Column::Text(rows.map(0, str::to_owned))),
        ("start_on", rows.days(1)),
        ("rate", rows.numbers(2)),
    ];
    write(db, "exchange_rate", &columns).await;
}
