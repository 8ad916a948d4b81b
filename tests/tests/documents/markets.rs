//! Which target market customers fit.

use kehu_contract::ingestion::CustomerProfile;
use kehu_core::scorecard::Scorecard;
use kehu_tests::each_database;

use crate::records::{customer, enterprise, orders};
use crate::world::World;

const AS_OF: &str = "2024-03-31";

/// A profile that somebody writes for a market of its own.
const TEA_HOUSES: &str = "
id: market-tea-houses
label: {zh: 目标市场：茶馆, en: \"Target market: tea houses\"}
indicators:
  - id: category
    label: {zh: 主要购买茶叶, en: Buys tea above all}
    feature: top_category
    transform: {lookup: {points: {tea: 100, cups: 50}, other: 0}}
    direction: up
    weight: 0.6
    missing: fail
  - id: often
    label: {zh: 每月下单, en: Orders every month}
    feature: orders_365d
    transform: {bands: {cuts: [2, 6], points: [0, 50, 100]}}
    direction: up
    weight: 0.4
    missing: {impute: 0}
";

const MARKETS: &str = "
id: markets
label: {zh: 目标市场, en: Target markets}
purpose: {zh: 测试, en: To test}
owner: {zh: 市场部, en: Marketing}
default_class: none
classes:
  - id: tea-houses
    code: T
    label: {zh: 茶馆, en: Tea houses}
    predicate: >-
      market_tea_houses_score >= 60
      AND market_tea_houses_score >= coalesce(market_industry_score, 0)
    strategy_summary: {zh: 拜访, en: Visit}
  - id: industry
    code: I
    label: {zh: 工业, en: Industry}
    predicate: market_industry_score >= 60
    strategy_summary: {zh: 拜访, en: Visit}
  - id: none
    code: N
    label: {zh: 其他, en: None}
    strategy_summary: {zh: 等待, en: Wait}
";

async fn customers(world: &World) {
    let mut text = String::new();
    for month in 1..=3 {
        for (key, category) in [("house", "tea"), ("works", "pots"), ("both", "tea")] {
            let day = format!("2024-0{month}-10T10:00");
            text += &format!("{key} {key}{month} {day} 100 - {category}\n");
            text += &format!("{key} {key}{month}b {day} 100 - {category}\n");
        }
    }
    text += "once o1 2024-03-10T10:00 40 - cups\n";
    world.ingest(orders(&text)).await;
    world
        .ingest([
            enterprise("house", "H6220", "", "3", "500000"),
            enterprise("works", "C3670", "", "5000", "900000000"),
            enterprise("both", "C1530", "", "2000", "900000000"),
            customer("stranger", CustomerProfile::default()),
        ])
        .await;
}

#[tokio::test]
async fn req_4_16_customers_fit_profiles_of_target_markets() {
    each_database(async |test| {
        let world = World::new(test, AS_OF).await;
        customers(&world).await;
        world.scorecard(&Scorecard::from_yaml(TEA_HOUSES).unwrap(), AS_OF).await.unwrap();
        world.score(&["market-industry"], AS_OF).await;
        world.written(MARKETS).await;
        world.classify(AS_OF).await;

        // Each condition has its points and its weight, and the fit is their sum.
        let fit = world.explain("works", "market-industry", AS_OF).await;
        let parts = fit.contributions.iter();
        let parts: Vec<_> =
            parts.map(|part| part.points.as_ref().map_or("-", |points| &points.value)).collect();
        assert_eq!(parts, ["100", "100", "50", "-"]);
        // 100 × 0.40 + 100 × 0.30 + 50 × 0.15 of 0.85: nothing is known of its prospects.
        assert_eq!(fit.score.unwrap().score.unwrap().value, "91.1765");
        let keys = ["house", "works", "both", "once", "stranger"];
        let found = world.classes_of(&keys, "markets", AS_OF).await;
        assert_eq!(found, ["tea-houses", "industry", "tea-houses", "none", "none"]);

        let columns = [
            "profile",
            "scored_count",
            "mean_fit",
            "strong_count",
            "good_count",
            "weak_count",
            "no_fit_count",
            "unknown_count",
            "coverage",
            "best_count",
            "best_share",
            "amount",
        ];
        let report = world.report("target-markets", "markets", &columns).await;
        assert_eq!(
            report,
            [
                "market-industry 3 63.7255 2 0 0 1 2 0.4 1 0.2 1200",
                "market-tea-houses 4 67.5 2 0 1 1 1 0.4 2 0.4 1200",
                "none null null null null null null null null 2 0.4 40",
            ]
        );
    })
    .await;
}
