//! Facts written as text, and what is computed from them.

use chrono::NaiveDate;
use kehu_core::calendar::to_days;
use kehu_core::{Money, Value};
use kehu_storage::facts::{CustomerColumns, LineColumns, OrderColumns, PriceColumns};
use kehu_storage::ingestion::OrderKind;

use super::source::analytics;
use crate::Frame;
pub(super) use crate::facts::FactColumns as Facts;

/// The date that the tests look from, a Sunday and the last day of its month.
pub(super) const AS_OF: &str = "2024-03-31";

pub(super) fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn amount(text: &str) -> i64 {
    Money::from_decimal(text.parse().unwrap()).unwrap().0
}

fn known(text: &str) -> Option<String> {
    (text != "-").then(|| text.to_owned())
}

fn rows(text: &str) -> impl Iterator<Item = Vec<&str>> {
    text.lines()
        .map(|line| line.split_whitespace().collect())
        .filter(|row: &Vec<_>| !row.is_empty())
}

/// Customers 1 to `count`, of whom nothing is known.
pub(super) fn customers(count: i64) -> CustomerColumns {
    let ids: Vec<i64> = (1..=count).collect();
    let unknown = vec![None; ids.len()];
    CustomerColumns {
        customer_type: unknown.clone(),
        region_code: unknown.clone(),
        province: unknown.clone(),
        city: unknown.clone(),
        industry_code: unknown,
        registered_on: vec![None; ids.len()],
        customer_id: ids,
    }
}

/// One order a line: `customer day hour kind channel amount`, `-` for no channel.
pub(super) fn orders(text: &str) -> OrderColumns {
    let mut columns = OrderColumns::default();
    for (number, row) in rows(text).enumerate() {
        let [customer, on, hour, kind, channel, value] = row[..] else { panic!("{row:?}") };
        let kind = match kind {
            "sale" => OrderKind::Sale,
            "return" => OrderKind::Return,
            "adjustment" => OrderKind::Adjustment,
            other => panic!("{other}"),
        };
        columns.customer_id.push(customer.parse().unwrap());
        columns.order_id.push(i64::try_from(number).unwrap());
        columns.ordered_on.push(to_days(day(on)));
        columns.hour.push(hour.parse().unwrap());
        columns.kind.push(kind.number());
        columns.channel.push(known(channel));
        columns.amount.push(amount(value));
    }
    columns
}

/// One line a line: `customer day category brand unit-price discount amount`, `-` for what is
/// not known.
pub(super) fn lines(text: &str) -> LineColumns {
    let mut columns = LineColumns::default();
    for row in rows(text) {
        let [customer, on, category, brand, price, discount, value] = row[..] else {
            panic!("{row:?}")
        };
        columns.customer_id.push(customer.parse().unwrap());
        columns.ordered_on.push(to_days(day(on)));
        columns.category.push(known(category));
        columns.brand.push(known(brand));
        columns.currency.push("GBP".to_owned());
        columns.unit_price.push(amount(price));
        columns.discount.push(known(discount).map(|text| amount(&text)));
        columns.amount.push(amount(value));
    }
    columns
}

/// One price a line: `category currency unit-price lines`.
pub(super) fn prices(text: &str) -> PriceColumns {
    let mut columns = PriceColumns::default();
    for row in rows(text) {
        let [category, currency, price, count] = row[..] else { panic!("{row:?}") };
        columns.category.push(category.to_owned());
        columns.currency.push(currency.to_owned());
        columns.unit_price.push(amount(price));
        columns.lines.push(count.parse().unwrap());
    }
    columns
}

/// The features of everyone in `facts`, which may stand in any order, in so many partitions.
pub(super) fn compute(facts: Facts, as_of: &str, features: &[&str], partitions: usize) -> Frame {
    let facts = sorted(facts).into_facts(day(as_of)).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let names: Vec<String> = features.iter().map(|name| (*name).to_owned()).collect();
    runtime.block_on(async {
        let analytics = analytics();
        let plan = analytics.plan(&names).await.unwrap();
        let frame = analytics.compute(&plan, facts, partitions).await.unwrap();
        frame.select(&names).unwrap()
    })
}

/// The orders and lines by customer and day, as a database gives them.
fn sorted(facts: Facts) -> Facts {
    let (orders, lines) = (facts.orders, facts.lines);
    let places = places(&orders.customer_id, &orders.ordered_on);
    let orders = OrderColumns {
        customer_id: pick(&places, &orders.customer_id),
        order_id: pick(&places, &orders.order_id),
        ordered_on: pick(&places, &orders.ordered_on),
        hour: pick(&places, &orders.hour),
        kind: pick(&places, &orders.kind),
        channel: pick(&places, &orders.channel),
        amount: pick(&places, &orders.amount),
    };
    let places = self::places(&lines.customer_id, &lines.ordered_on);
    let lines = LineColumns {
        customer_id: pick(&places, &lines.customer_id),
        ordered_on: pick(&places, &lines.ordered_on),
        category: pick(&places, &lines.category),
        brand: pick(&places, &lines.brand),
        currency: pick(&places, &lines.currency),
        unit_price: pick(&places, &lines.unit_price),
        discount: pick(&places, &lines.discount),
        amount: pick(&places, &lines.amount),
    };
    Facts { orders, lines, ..facts }
}

fn places(customers: &[i64], days: &[i32]) -> Vec<usize> {
    let mut places: Vec<usize> = (0..customers.len()).collect();
    places.sort_by_key(|place| (customers[*place], days[*place]));
    places
}

/// The values at these places.
pub(super) fn pick<T: Clone>(places: &[usize], values: &[T]) -> Vec<T> {
    places.iter().map(|place| values[*place].clone()).collect()
}

/// Asserts features of customer 1, each a name and the value's text, `null` for none.
pub(super) fn check(name: &str, facts: Facts, as_of: &str, expected: &[(&str, &str)]) {
    let features: Vec<&str> = expected.iter().map(|(feature, _)| *feature).collect();
    let frame = compute(facts, as_of, &features, 1);
    for (feature, value) in expected {
        assert_eq!(text(&frame.column(feature).unwrap()[0]), *value, "{name}: {feature}");
    }
}

pub(super) fn text(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(bool) => bool.to_string(),
        Value::Number(number) => number.to_string(),
        Value::Text(text) => text.clone(),
    }
}
