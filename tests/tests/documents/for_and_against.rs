//! For and against managing customers by class.

use std::collections::BTreeSet;
use std::fmt::Write;

use kehu_contract::reporting::{
    ExportReportRequest, reporting_service_client::ReportingServiceClient,
};
use kehu_core::calendar::to_days;
use kehu_tests::{day, each_database};
use sea_orm::{ConnectionTrait, Statement};

use crate::records::orders;
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
