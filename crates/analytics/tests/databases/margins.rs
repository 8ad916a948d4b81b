use kehu_analytics::{Analytics, CustomerSet, Limits};
use kehu_core::{Money, Quantity};
use kehu_storage::ingestion::{Entry, LineRow, OrderKind, OrderStatus};
use kehu_tests::{at, day, each_database, shop};

/// `customer key kind day`, then for each line `amount cost`, in pounds; `-` for no cost. A line is
/// one unit, of a return one less.
fn order(text: &str) -> Entry {
    let words: Vec<&str> = text.split_whitespace().collect();
    let [customer, key, kind, on, lines @ ..] = &words[..] else { panic!("{text}") };
    let money = |text: &str| Money::from_decimal(text.parse().unwrap()).unwrap();
    let mut order = shop::sale(customer, key, day(on), 0);
    match *kind {
        "sale" => {}
        "return" => order.kind = OrderKind::Return,
        "adjustment" => order.kind = OrderKind::Adjustment,
        "off" => order.status = OrderStatus::Cancelled,
        other => panic!("{other}"),
    }
    order.lines.clear();
    for (number, line) in lines.chunks(2).enumerate() {
        let [amount, cost] = line else { panic!("{text}") };
        let (amount, cost) = (money(amount), (*cost != "-").then(|| money(cost)));
        order.amount = order.amount.checked_add(amount).unwrap();
        order.lines.push(LineRow {
            line_number: i64::try_from(number).unwrap() + 1,
            product: None,
            description: None,
            category: None,
            brand: None,
            quantity: Quantity(if order.kind == OrderKind::Return { -10_000 } else { 10_000 }),
            unit_price: amount,
            discount: None,
            amount,
            base_amount: amount,
            cost,
            base_cost: cost,
        });
    }
    order.base_amount = order.amount;
    order.digest = text.to_owned();
    Entry::Order(order)
}

/// Customer 1 sends something back, 2 costs more than it brings, of 3 no cost is known, 4 buys later.
const ORDERS: [&str; 8] = [
    "c1 o1 sale 2023-01-10 100 60 50 -",
    "c1 o2 sale 2024-03-01 200.5 100.25 10 0",
    "c1 o3 return 2024-03-20 -20.5 -10.25",
    "c1 o4 off 2024-03-21 1000 1",
    "c2 o5 sale 2024-03-31 10 12.0001",
    "c3 o6 sale 2024-03-01 30 -",
    "c4 o7 sale 2024-04-01 30 10",
    "c3 o8 adjustment 2024-03-02 5 -",
];

#[tokio::test]
async fn profit_and_units_are_of_the_lines_that_count() {
    each_database(async |test| {
        let db = &test.database;
        shop::ingest(db, "s", ORDERS.map(order).into(), at(1)).await;
        let analytics = Analytics::new(db.clone(), Limits::of_memory(1 << 30));
        // Nobody is a customer before the first order.
        for (feature, as_of, expected) in [
            ("profit_total", "2023-01-09", ""),
            ("profit_total", "2024-03-31", "140.0000 -2.0001 null"),
            ("profit_total", "2024-04-01", "140.0000 -2.0001 null 20.0000"),
            // The window holds its last day and not the one before its first.
            ("profit_365d", "2024-01-09", "40.0000"),
            ("profit_365d", "2024-01-10", "null"),
            ("profit_30d", "2024-03-30", "100.0000 null"),
            ("profit_30d", "2024-03-31", "-10.2500 -2.0001 null"),
            ("margin_365d", "2024-03-31", "0.526315789 -0.20001 null"),
            // What is left is a return.
            ("margin_365d", "2025-03-05", "null -0.20001 null 0.666666667"),
            // Neither what was called off nor an adjustment moves goods.
            ("quantity_total", "2024-03-31", "3.0000 1.0000 1.0000"),
            ("quantity_365d", "2024-01-09", "2.0000"),
            ("quantity_365d", "2024-01-10", "null"),
            ("quantity_730d", "2024-01-10", "2.0000"),
            ("quantity_30d", "2024-03-30", "1.0000 1.0000"),
            ("quantity_30d", "2024-03-31", "-1.0000 1.0000 null"),
        ] {
            let frame = analytics.features(&CustomerSet::All, day(as_of), &[feature]).await;
            let frame = frame.unwrap();
            let values = frame.column(feature).unwrap();
            let values: Vec<String> = values.iter().map(crate::features::text).collect();
            assert_eq!(values.join(" "), expected, "{feature} as of {as_of}");
        }
    })
    .await;
}
