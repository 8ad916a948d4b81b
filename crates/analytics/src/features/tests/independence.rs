//! A customer's features depend neither on the other customers nor on the partitions.

use kehu_core::{CustomerId, Value};
use kehu_storage::facts::{CustomerColumns, LineColumns, OrderColumns, PriceColumns};
use kehu_storage::ingestion::OrderKind;

use crate::Catalogue;

use super::world::{AS_OF, Facts, compute, customers, day, pick};

/// Numbers that look random and are the same every time (the constants of Knuth's MMIX).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: i64) -> i64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        i64::try_from(self.0 >> 33).unwrap() % limit
    }

    fn one_of(&mut self, names: &[&str]) -> Option<String> {
        let count = i64::try_from(names.len()).unwrap();
        let place = usize::try_from(self.below(count + 1)).unwrap();
        names.get(place).map(|name| (*name).to_owned())
    }
}

fn facts(count: i64) -> Facts {
    let mut numbers = Numbers(7);
    let today = kehu_core::calendar::to_days(day(AS_OF));
    let (mut orders, mut lines) = (OrderColumns::default(), LineColumns::default());
    for customer in 1..=count {
        for _ in 0..numbers.below(12) {
            let sold = numbers.below(5) > 0;
            let kind = if sold { OrderKind::Sale } else { OrderKind::Return };
            let value = numbers.below(1_000_000) * if sold { 1 } else { -1 };
            let on = today - i32::try_from(numbers.below(900)).unwrap();
            orders.order_id.push(i64::try_from(orders.order_id.len()).unwrap());
            orders.customer_id.push(customer);
            orders.ordered_on.push(on);
            orders.hour.push(i32::try_from(numbers.below(24)).unwrap());
            orders.kind.push(kind.number());
            orders.channel.push(numbers.one_of(&["web", "shop", "phone"]));
            orders.amount.push(value);
            lines.customer_id.push(customer);
            lines.ordered_on.push(on);
            lines.category.push(numbers.one_of(&["tea", "mugs", "books"]));
            lines.brand.push(numbers.one_of(&["acme", "bolt"]));
            lines.currency.push("GBP".to_owned());
            lines.unit_price.push(numbers.below(20) * 10_000);
            lines.discount.push(Some(numbers.below(50_000)));
            lines.amount.push(value);
        }
    }
    let prices = prices(&lines);
    Facts { customers: customers(count), orders, lines, prices }
}

fn prices(lines: &LineColumns) -> PriceColumns {
    let mut counts = std::collections::BTreeMap::new();
    for (category, price) in lines.category.iter().zip(&lines.unit_price) {
        if let Some(category) = category {
            *counts.entry((category.clone(), *price)).or_insert(0) += 1;
        }
    }
    let mut prices = PriceColumns::default();
    for ((category, price), count) in counts {
        prices.category.push(category);
        prices.currency.push("GBP".to_owned());
        prices.unit_price.push(price);
        prices.lines.push(count);
    }
    prices
}

/// The facts of one customer, and the prices of all.
fn only(facts: &Facts, customer: i64) -> Facts {
    let keep = |place: &usize| facts.orders.customer_id[*place] == customer;
    let places: Vec<usize> = (0..facts.orders.customer_id.len()).filter(keep).collect();
    let (orders, lines) = (&facts.orders, &facts.lines);
    Facts {
        customers: CustomerColumns { customer_id: vec![customer], ..customers(1) },
        orders: OrderColumns {
            customer_id: pick(&places, &orders.customer_id),
            order_id: pick(&places, &orders.order_id),
            ordered_on: pick(&places, &orders.ordered_on),
            hour: pick(&places, &orders.hour),
            kind: pick(&places, &orders.kind),
            channel: pick(&places, &orders.channel),
            amount: pick(&places, &orders.amount),
        },
        lines: LineColumns {
            customer_id: pick(&places, &lines.customer_id),
            ordered_on: pick(&places, &lines.ordered_on),
            category: pick(&places, &lines.category),
            brand: pick(&places, &lines.brand),
            currency: pick(&places, &lines.currency),
            unit_price: pick(&places, &lines.unit_price),
            discount: pick(&places, &lines.discount),
            amount: pick(&places, &lines.amount),
        },
        prices: facts.prices.clone(),
        ..Facts::default()
    }
}

/// Every feature.
fn every_feature() -> Vec<String> {
    Catalogue::shipped().features().iter().map(|feature| feature.id.clone()).collect()
}

#[test]
fn the_number_of_partitions_changes_nothing() {
    let features = every_feature();
    let features: Vec<&str> = features.iter().map(String::as_str).collect();
    let facts = facts(3_000);
    assert!(facts.orders.customer_id.len() > 15_000, "several batches");
    let one = compute(facts.clone(), AS_OF, &features, 1);
    assert_eq!(one.len(), 3_000);
    for partitions in [2, 7] {
        assert_eq!(one, compute(facts.clone(), AS_OF, &features, partitions), "{partitions}");
    }
}

#[test]
fn a_customer_alone_is_the_same_as_among_all() {
    let features = every_feature();
    let features: Vec<&str> = features.iter().map(String::as_str).collect();
    let facts = facts(40);
    let all = compute(facts.clone(), AS_OF, &features, 2);
    for (row, customer) in (1..=40).enumerate() {
        let alone = compute(only(&facts, customer), AS_OF, &features, 1);
        assert_eq!(alone.customers(), [CustomerId(customer)]);
        assert_eq!(alone.row(0), all.row(row), "customer {customer}");
    }
    let measured =
        |feature: &str| all.column(feature).unwrap().iter().any(|value| *value != Value::Null);
    for feature in Catalogue::shipped().features() {
        // There are orders alone.
        let of_others = [
            "attributes",
            "credit",
            "engagement",
            "profit",
            "prospects",
            "quantity",
            "satisfaction",
        ];
        let without_facts = of_others.contains(&feature.group.as_str());
        assert!(without_facts || measured(&feature.id), "{}", feature.id);
    }
}
