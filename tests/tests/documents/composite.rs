//! How an enterprise weighs its customers: shares of several points of view.

use kehu_contract::ingestion::{GetTimelineRequest, record::Kind};
use kehu_contract::scoring::Contribution;
use kehu_core::scorecard::Scorecard;
use kehu_tests::{date, each_database};
use tonic::Code;
use tonic_types::StatusExt;

use crate::records::{assessment, costing, invoice, order, orders};
use crate::world::World;

const AS_OF: &str = "2024-03-31";

fn card(yaml: &str) -> Scorecard {
    Scorecard::from_yaml(yaml).unwrap()
}

/// 100 points of the amount and 50 of the orders, for who bought once for 500.
fn weighted(amount: &str, orders: &str) -> Scorecard {
    card(&format!(
        "
id: weighted
label: {{en: Weighted}}
indicators:
  - id: amount
    label: {{en: Amount}}
    feature: amount_total
    transform: {{bands: {{cuts: [100], points: [0, 100]}}}}
    direction: up
    weight: {amount}
    missing: {{impute: 0}}
  - id: orders
    label: {{en: Orders}}
    feature: orders_total
    transform: {{bands: {{cuts: [1, 2], points: [0, 50, 100]}}}}
    direction: up
    weight: {orders}
    missing: {{impute: 0}}
"
    ))
}

/// The score, and what each indicator adds to it.
async fn score(world: &World, key: &str, scorecard: &str, on: &str) -> (String, Vec<Contribution>) {
    let explained = world.explain(key, scorecard, on).await;
    let score = explained.score.unwrap().score.unwrap().value;
    (score, explained.contributions)
}

async fn grade(world: &World, key: &str, scorecard: &str) -> String {
    world.explain(key, scorecard, AS_OF).await.score.unwrap().grade
}

fn part<'a>(parts: &'a [Contribution], indicator: &str) -> &'a Contribution {
    parts.iter().find(|part| part.indicator == indicator).unwrap()
}

fn points(parts: &[Contribution], indicator: &str) -> String {
    part(parts, indicator).points.clone().unwrap().value
}

#[tokio::test]
async fn req_4_5_points_of_view_by_weights_that_sum_to_one() {
    each_database(async |test| {
        let world = World::new(test, AS_OF).await;
        world.ingest([order("c1 o1 2024-03-01T10:00 500")]).await;
        // Each hundredth of weight from the orders to the amount adds half a point.
        for (amount, orders, expected) in
            [("0.6", "0.4", "80"), ("0.7", "0.3", "85"), ("0.71", "0.29", "85.5")]
        {
            world.scorecard(&weighted(amount, orders), AS_OF).await.unwrap();
            world.score_all(AS_OF).await;
            let (score, parts) = score(&world, "c1", "weighted", AS_OF).await;
            assert_eq!(score, expected);
            assert_eq!(part(&parts, "amount").weight.as_ref().unwrap().value, amount);
        }
        for (amount, orders) in [("0.7", "0.4"), ("0.6", "0.3"), ("2", "1")] {
            let refused = world.scorecard(&weighted(amount, orders), AS_OF).await.unwrap_err();
            assert_eq!(refused.code(), Code::InvalidArgument);
            let faults = refused.get_details_bad_request().unwrap().field_violations;
            let [fault] = &faults[..] else { panic!("{faults:?}") };
            assert_eq!(fault.field, "definition.indicators");
            assert!(fault.description.contains("must sum to 1"), "{}", fault.description);
        }
        assert_eq!(score(&world, "c1", "weighted", AS_OF).await.0, "85.5", "nothing changed");
    })
    .await;
}

fn ranked(id: &str, feature: &str) -> Scorecard {
    card(&format!(
        "
id: {id}
label: {{en: Ranked}}
indicators:
  - id: measure
    label: {{en: Measure}}
    feature: {feature}
    transform: z_logistic
    direction: up
    weight: 1
    missing: {{impute: 0}}
grading: {{rank_share: {{cuts: [{{grade: top, share: 0.5}}], rest: other}}}}
"
    ))
}

/// Of four customers the top two, by amount or units of one year or two.
#[tokio::test]
async fn req_4_8_ranked_by_amount_or_units_of_one_year_or_two() {
    each_database(async |test| {
        let world = World::new(test, AS_OF).await;
        let mut records: Vec<Kind> = orders(
            "dear o1 2024-03-01T10:00 9000\ncheap o2 2024-03-01T10:00 2\n\
             before o3 2023-01-01T10:00 20000\ntied o4 2024-03-01T10:00 9000",
        )
        .collect();
        for (record, units) in records.iter_mut().zip(["1", "300", "200", "1"]) {
            let Kind::Order(order) = record else { continue };
            order.lines[0].quantity.as_mut().unwrap().value = units.to_owned();
            order.lines[0].amount = order.lines[0].unit_price.clone();
        }
        world.ingest(records).await;
        for (feature, expected) in [
            // The first two of three at 9,000, none and 2 have equal amounts.
            ("amount_365d", ["dear", "tied"]),
            ("amount_730d", ["before", "dear"]),
            // One unit each: the first by key is the second of the top.
            ("quantity_365d", ["cheap", "dear"]),
            ("quantity_730d", ["before", "cheap"]),
        ] {
            let id = feature.replace('_', "-");
            world.scorecard(&ranked(&id, feature), AS_OF).await.unwrap();
            for round in 1..=2 {
                world.score_all(AS_OF).await;
                let mut top = Vec::new();
                for key in ["before", "cheap", "dear", "tied"] {
                    if grade(&world, key, &id).await == "top" {
                        top.push(key);
                    }
                }
                assert_eq!(top, expected, "{feature}, round {round}");
            }
        }
    })
    .await;
}

/// Ten that buy for more and more at half the price as cost, and pay on time.
fn ordinary() -> Vec<Kind> {
    let mut records = Vec::new();
    for number in 1..=8 {
        let amount = 1_000 * number;
        let line = format!("k{number} o{number} 2024-02-01T10:00 {amount}");
        records.push(costing(order(&line), &(amount / 2).to_string()));
        records.push(punctual(&format!("k{number}")));
    }
    records
}

fn punctual(key: &str) -> Kind {
    invoice(&format!("{key} i-{key} 2024-02-01 2024-03-01 100 2024-02-20"))
}

/// One with good credit that buys little, and one that buys most and leaves no profit.
#[tokio::test]
async fn req_4_11_neither_good_credit_nor_large_orders_alone_are_class_a() {
    each_database(async |test| {
        let world = World::new(test, AS_OF).await;
        let mut records = ordinary();
        for (key, amount, cost) in
            [("careful", "500", "250"), ("bulk", "50000", "49900"), ("model", "9000", "4000")]
        {
            records.push(costing(order(&format!("{key} {key} 2024-02-01T10:00 {amount}")), cost));
            records.push(punctual(key));
        }
        world.ingest(records).await;
        world.score(&["composite-credit"], AS_OF).await;
        world.template("composite-credit").await;
        world.classify(AS_OF).await;
        let keys = ["model", "bulk", "careful"];
        let found = world.classes_of(&keys, "composite-credit", AS_OF).await;
        assert_eq!(found, ["a", "b", "d"]);
        // Which indicator kept it from A.
        let why = async |key: &str| score(&world, key, "composite-credit", AS_OF).await.1;
        let (bulk, careful) = (why("bulk").await, why("careful").await);
        let all = ["credit", "amount", "profit"];
        assert_eq!(all.map(|id| points(&bulk, id)), ["100", "100", "0"]);
        assert_eq!(all.map(|id| points(&careful, id)), ["100", "0", "0"]);
        assert_eq!(part(&bulk, "prospects").missing_policy, "ignored");
    })
    .await;
}

#[tokio::test]
async fn req_4_9_what_a_person_expects_counts_less_with_each_order() {
    each_database(async |test| {
        let world = World::new(test, AS_OF).await;
        let mut records = ordinary();
        records.push(assessment("fresh a1 2024-03-01 2024-06-01 90 李雷 在建 三条 产线"));
        world.ingest(records).await;
        world.score(&["composite-credit"], AS_OF).await;
        let card = "composite-credit";
        let weight = |parts: &[Contribution]| {
            part(parts, "prospects").faded_weight.clone().map(|weight| weight.value)
        };
        let (expected, parts) = score(&world, "fresh", card, AS_OF).await;
        // 0.4·100 over 0.4 and the 0.2 of the amount, of which there is none.
        assert_eq!((expected.as_str(), weight(&parts).as_deref()), ("66.6667", Some("0.4")));
        assert_eq!(grade(&world, "fresh", card).await, "B");

        let customer = world.customer("fresh").await;
        let request = GetTimelineRequest { customer, ..Default::default() };
        let events = world.customers().get_timeline(request).await.unwrap().into_inner().events;
        let said = events[0].contact.clone().unwrap();
        assert_eq!((said.assessor.as_str(), said.note.as_str()), ("李雷", "在建 三条 产线"));
        assert_eq!(said.expire_date, date("2024-06-01"));

        for (order_number, expected) in [(1, "0.3"), (2, "0.24"), (3, "0.2")] {
            let bought = format!("fresh f{order_number} 2024-03-30T10:00 10");
            world.ingest([costing(order(&bought), "5")]).await;
            world.follow().await;
            let (_, parts) = score(&world, "fresh", card, AS_OF).await;
            assert_eq!(weight(&parts).as_deref(), Some(expected), "{order_number} orders");
        }
        world.today_is("2024-06-01").await;
        world.day_begins().await;
        let (_, parts) = score(&world, "fresh", card, "2024-06-01").await;
        assert_eq!(
            (part(&parts, "prospects").missing_policy.as_str(), weight(&parts)),
            ("ignored", None)
        );
    })
    .await;
}

/// The profit of an order is its amount times its margin; one that loses money ranks last.
#[tokio::test]
async fn req_4_10_ranked_by_what_orders_times_margin_contribute() {
    each_database(async |test| {
        let world = World::new(test, AS_OF).await;
        let sold = [
            ("volume", "10000", "9900", "100", "0.01"),
            ("margin", "1000", "200", "800", "0.8"),
            ("loss", "5000", "6000", "-1000", "-0.2"),
            ("even", "700", "700", "0", "0"),
        ];
        for (key, amount, cost, _, _) in sold {
            let line = format!("{key} {key} 2024-03-01T10:00 {amount}");
            world.ingest([costing(order(&line), cost)]).await;
        }
        for (key, _, _, profit, margin) in sold {
            let asked = ["profit_365d", "margin_365d"];
            assert_eq!(world.features(key, AS_OF, &asked).await, [profit, margin], "{key}");
        }
        world.scorecard(&ranked("profit", "profit_365d"), AS_OF).await.unwrap();
        world.score_all(AS_OF).await;
        let mut by_points = Vec::new();
        for key in ["even", "loss", "margin", "volume"] {
            let (points, _) = score(&world, key, "profit", AS_OF).await;
            by_points.push((
                points.parse::<f64>().unwrap(),
                key,
                grade(&world, key, "profit").await,
            ));
        }
        by_points.sort_by(|one, other| other.0.total_cmp(&one.0));
        let ranking: Vec<_> =
            by_points.iter().map(|(_, key, grade)| (*key, grade.as_str())).collect();
        let expected = [("margin", "top"), ("volume", "top"), ("even", "other"), ("loss", "other")];
        assert_eq!(ranking, expected);
    })
    .await;
}

/// A while the share before a customer is below 80 % of the amount, B below 95 %: of two of the
/// same amount on a boundary the first by key is above it.
#[tokio::test]
async fn req_4_12_key_main_and_ordinary_customers_by_cumulative_share() {
    each_database(async |test| {
        let world = World::new(test, AS_OF).await;
        let text = "k1 o1 2024-03-01T10:00 600\nk2 o2 2024-03-01T10:00 200
                    k3 o3 2024-03-01T10:00 75\nk4 o4 2024-03-01T10:00 75
                    k5 o5 2024-03-01T10:00 25\nk6 o6 2024-03-01T10:00 25
                    k7 o7 2024-03-01T10:00 10\nk7 o8 2024-03-02T10:00 -20";
        world.ingest(orders(text)).await;
        world.score(&["abc"], AS_OF).await;
        world.template("abc").await;
        world.classify(AS_OF).await;
        let keys = ["k1", "k2", "k3", "k4", "k5", "k6", "k7"];
        let found = world.classes_of(&keys, "abc", AS_OF).await;
        // 0, 60, 80 %, 87.5 %, 95 %, 97.5 % before them; k7 brought less than nothing.
        assert_eq!(found, ["a", "a", "b", "b", "c", "c", "c"]);
        let found = world.report("class-summary", "abc", &["class_id", "customer_count", "amount"]);
        let expected = ["a 2 800", "b 2 150", "c 3 40", "no-purchase 0 0", "total 7 990"];
        assert_eq!(found.await, expected);
    })
    .await;
}
