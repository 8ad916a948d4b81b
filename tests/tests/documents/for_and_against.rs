//! For and against managing customers by class.

use std::collections::BTreeSet;
use std::fmt::Write;

use kehu_contract::ingestion::{CustomerProfile, MergeCustomersRequest, record::Kind};
use kehu_contract::reporting::{
    ExportReportRequest, RecommendProductsRequest, RecommendProductsResponse,
    reporting_service_client::ReportingServiceClient,
};
use kehu_core::calendar::to_days;
use kehu_tests::{day, each_database};
use sea_orm::{ConnectionTrait, Statement};
use tonic::{Code, Status};

use crate::records::{basket, customer, orders};
use crate::world::World;

const AS_OF: &str = "2024-03-31";

/// Sixty customers who buy more or less tea and mugs, more or less often, some too long ago.
fn sales() -> String {
    let (mut text, mut state) = (String::new(), 1_u64);
    // The constants of Knuth's MMIX.
    let mut below = |limit: u64| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % limit
    };
    for customer in 1..=60 {
        for order in 0..=below(8) {
            let on = day(AS_OF) - chrono::Days::new(below(420));
            let (amount, category) = (below(150) + 1, if below(3) > 0 { "tea" } else { "mugs" });
            writeln!(text, "c{customer} {customer}-{order} {on}T10:00 {amount} web {category}")
                .unwrap();
        }
    }
    text
}

/// The customers whom the export of all names with this class.
async fn exported(world: &World, class: &str) -> BTreeSet<String> {
    let request = ExportReportRequest {
        report: "customers".to_owned(),
        taxonomy: "tea".to_owned(),
        ..Default::default()
    };
    let mut service = ReportingServiceClient::new(world.client.clone());
    let mut pieces = service.export_report(request).await.unwrap().into_inner();
    let mut bytes = Vec::new();
    while let Some(piece) = pieces.message().await.unwrap() {
        bytes.extend(piece.csv);
    }
    let mut csv = csv::Reader::from_reader(bytes.as_slice());
    let headers = csv.headers().unwrap().clone();
    let place = |name: &str| headers.iter().position(|header| header == name).unwrap();
    let (customer, of_class) = (place("customer"), place("class_id"));
    let rows = csv.records().map(|row| row.unwrap()).filter(|row| &row[of_class] == class);
    rows.map(|row| row[customer].to_owned()).collect()
}

/// The same from the records, by a query of its own.
async fn queried(world: &World) -> BTreeSet<String> {
    let last = to_days(day(AS_OF));
    let sql = format!(
        "SELECT customer_id FROM (SELECT o.customer_id, \
         SUM(CASE WHEN o.ordered_on > {last} - 365 THEN 1 ELSE 0 END) AS orders, \
         SUM(CASE WHEN o.ordered_on > {last} - 365 THEN l.base_amount ELSE 0 END) AS amount, \
         SUM(CASE WHEN l.category = 'tea' THEN l.base_amount ELSE -l.base_amount END) AS more_tea \
         FROM sales_order o JOIN order_line l ON l.order_id = o.order_id \
         WHERE o.superseded_at IS NULL GROUP BY o.customer_id) AS sums \
         WHERE orders >= 3 AND amount >= 2000000 AND more_tea > 0"
    );
    let db = world.db.reader();
    let statement = Statement::from_string(db.get_database_backend(), sql);
    let rows = db.query_all_raw(statement).await.unwrap();
    let id = |row: &sea_orm::QueryResult| row.try_get::<i64>("", "customer_id").unwrap();
    rows.iter().map(|row| format!("customers/{}", id(row))).collect()
}

/// How somebody buys, what it likes, and what it can spend.
#[tokio::test]
async fn req_1_1_a_class_by_behaviour_preference_and_amount_is_exported_whole() {
    each_database(async |test| {
        let world = World::new(test, AS_OF).await;
        world.ingest(orders(&sales())).await;
        let rule = "orders_365d >= 3 AND top_category = 'tea' AND amount_365d >= 200";
        world.taxonomy("tea", &[("tea-lovers", rule), ("other", "")]).await;
        world.classify(AS_OF).await;
        let found = exported(&world, "tea-lovers").await;
        assert!((10..50).contains(&found.len()), "some, not all: {}", found.len());
        assert_eq!(found, queried(&world).await);
        assert_eq!(exported(&world, "other").await.len(), 60 - found.len());
    })
    .await;
}

/// What twenty dealers and twenty persons bought: kind, first and last number, day, products. The
/// second day is not of the year.
const BOUGHT: [(&str, usize, usize, &str, &str); 11] = [
    ("d", 1, 1, "2024-03-01", "tea"),
    ("d", 1, 1, "2024-03-02", "tea"),
    ("d", 1, 1, "2023-04-01", "tray"),
    ("d", 2, 13, "2024-03-03", "tea cup"),
    ("d", 14, 20, "2024-03-04", "pot"),
    ("d", 2, 6, "2024-03-05", "spoon"),
    ("d", 2, 5, "2024-03-06", "fork"),
    ("d", 2, 20, "2024-03-07", "tray"),
    ("d", 2, 20, "2023-04-01", "knife"),
    ("p", 1, 4, "2024-03-08", "cup"),
    ("p", 5, 20, "2024-03-09", "pot"),
];

fn purchases() -> Vec<Kind> {
    let mut records = Vec::new();
    for (kind, name) in [("d", "dealer"), ("p", "person")] {
        for number in 1..=20 {
            let customer_type = name.to_owned();
            let profile = CustomerProfile { customer_type, ..Default::default() };
            records.push(customer(&format!("{kind}{number}"), profile));
        }
    }
    for (place, (kind, first, last, on, products)) in BOUGHT.into_iter().enumerate() {
        for number in first..=last {
            let (key, order) = (format!("{kind}{number}"), format!("{place}-{number}"));
            let mut sale = basket(&key, &order, &format!("{on}T10:00"), products);
            if let Kind::Order(order) = &mut sale {
                for line in &mut order.lines {
                    line.description = format!("a {}", line.product_code);
                }
            }
            records.push(sale);
        }
    }
    records
}

async fn recommend(
    world: &World,
    customer: &str,
    product_count: i32,
) -> Result<RecommendProductsResponse, Status> {
    let request = RecommendProductsRequest {
        customer: customer.to_owned(),
        taxonomy: "kinds".to_owned(),
        product_count,
        ..Default::default()
    };
    let mut service = ReportingServiceClient::new(world.client.clone());
    Ok(service.recommend_products(request).await?.into_inner())
}

/// The products with name, customers of the class and of all, support, share of all, lift and residual,
/// and what draws them.
fn told(answer: &RecommendProductsResponse) -> Vec<String> {
    let tell = |product: &kehu_contract::reporting::RecommendedProduct| {
        let [support, share] = [&product.support, &product.base_share];
        let numbers = [support, share, &product.lift, &product.residual];
        let numbers = numbers.map(|number| number.as_ref().unwrap().value.clone()).join(" ");
        let drawn = product.drawn_by.as_ref().map_or("-".to_owned(), |drawn| {
            let [confidence, lift] =
                [&drawn.confidence, &drawn.lift].map(|it| it.as_ref().unwrap().value.clone());
            format!("{} {} {confidence} {lift}", drawn.product_name, drawn.basket_count)
        });
        format!(
            "{} ({}) {} {} {numbers} {drawn}",
            product.product_code,
            product.product_name,
            product.class_buyer_count,
            product.buyer_count
        )
    };
    answer.products.iter().map(tell).collect()
}

/// By hand: 5 of 20 dealers and nobody else bought a spoon; χ² = 40 (5·20)² / (20·20·5·35), whose root
/// is 2.3905. Cups: 12 of 20 and 4 of 20; χ² = 40 (12·16 − 8·4)² / (20·20·16·24), root 2.5820. The 49
/// baskets of dealers have 12 with tea and a cup, 14 with tea: 12/14, and 49/14. Too few bought a fork,
/// the knives are too old, the first dealer had a tray before, and pots are rather for persons.
#[tokio::test]
async fn req_1_3_what_its_class_buys_and_a_customer_does_not() {
    each_database(async |test| {
        let world = World::new(test, AS_OF).await;
        world.ingest(purchases()).await;
        world.taxonomy("kinds", &[("dealer", "customer_type = 'dealer'"), ("person", "")]).await;
        world.classify(AS_OF).await;
        let dealer = world.customer("d1").await;
        let answer = recommend(&world, &dealer, 0).await.unwrap();
        let expected = [
            "spoon (a spoon) 5 5 0.25 0.125 2 2.3905 -",
            "cup (a cup) 12 16 0.6 0.4 1.5 2.582 a tea 12 0.8571 3.5",
        ];
        assert_eq!(told(&answer), expected);
        assert_eq!((answer.class_id.as_str(), answer.customer.as_str()), ("dealer", &dealer[..]));
        assert_eq!((answer.class_buyer_count, answer.buyer_count), (20, 40));
        assert_eq!(told(&recommend(&world, &dealer, 1).await.unwrap()), expected[..1]);
        let person = recommend(&world, &world.customer("p1").await, 0).await.unwrap();
        assert_eq!(told(&person), ["pot (a pot) 16 23 0.8 0.575 1.3913 2.8786 -"]);
        let status = recommend(&world, "customers/999", 0).await.unwrap_err();
        assert_eq!(status.code(), Code::NotFound);
        let status = recommend(&world, &dealer, 101).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument);
        check_merged(&world, &dealer).await;
    })
    .await;
}

/// A dealer who has bought cups is merged into the first dealer, who so has, too.
async fn check_merged(world: &World, dealer: &str) {
    let absorbed = world.customer("d13").await;
    let request = MergeCustomersRequest {
        survivor: dealer.to_owned(),
        absorbed: absorbed.clone(),
        reason: "the same shop".to_owned(),
        ..Default::default()
    };
    world.customers().merge_customers(request).await.unwrap();
    world.follow().await;
    let answer = recommend(world, &absorbed, 0).await.unwrap();
    assert_eq!(answer.customer, dealer);
    assert_eq!(told(&answer), ["spoon (a spoon) 5 5 0.2632 0.1282 2.0526 2.4571 -"]);
}
