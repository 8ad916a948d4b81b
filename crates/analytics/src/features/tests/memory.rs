//! Little memory.

use super::source::over;
use super::world::{AS_OF, Facts, customers, day, orders};
use crate::facts::Facts as Tables;
use crate::{CustomerSet, Error};

/// Many customers with some orders each.
fn facts() -> Tables {
    let mut text = String::new();
    for customer in 1..=20_000 {
        for month in 1..=3 {
            text.push_str(&format!("{customer} 2024-0{month}-11 9 sale web 5\n"));
        }
    }
    let facts = Facts { customers: customers(20_000), orders: orders(&text), ..Facts::default() };
    facts.into_facts(day(AS_OF)).unwrap()
}

/// The sums of customers who come in order need little besides the facts.
#[tokio::test]
async fn sums_stream() {
    let facts = facts();
    let little = facts.bytes() + (1 << 20);
    let analytics = over(facts, little);
    let features = ["orders_total", "amount_total", "recency_days", "preferred_channel"];
    let frame = analytics.features(&CustomerSet::All, day(AS_OF), &features).await.unwrap();
    assert_eq!(frame.len(), 20_000);
}

#[tokio::test]
async fn too_little_is_an_error_that_says_what_to_do() {
    let facts = facts();
    let analytics = over(facts.clone(), facts.bytes() / 2);
    for _ in 0..2 {
        let failed = analytics.features(&CustomerSet::All, day(AS_OF), &["orders_total"]).await;
        let Err(Error::Memory(message)) = failed else { panic!("{failed:?}") };
        assert!(message.contains("facts"), "{message}");
    }
    // What failed holds nothing any more.
    let analytics = over(facts.clone(), facts.bytes() + (1 << 20));
    for _ in 0..3 {
        analytics.features(&CustomerSet::All, day(AS_OF), &["orders_total"]).await.unwrap();
    }
}
