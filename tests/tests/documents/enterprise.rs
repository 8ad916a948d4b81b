//! How an enterprise manages customers by class.

use std::collections::BTreeSet;
use std::fmt::Write;

use kehu_contract::coding::GetTaxonomyRequest;
use kehu_contract::ingestion::CustomerProfile;
use kehu_tests::{date, each_database};

use crate::records::{answer, customer, order, orders};
use crate::world::World;

const AS_OF: &str = "2024-03-31";

/// An order on the tenth of each of these months.
fn monthly(key: &str, months: &[&str], amount: u32) -> String {
    let mut text = String::new();
    for month in months {
        writeln!(text, "{key} {key}-{month} {month}-10T10:00 {amount}").unwrap();
    }
    text
}

const MONTHS: [&str; 13] = [
    "2023-03", "2023-04", "2023-05", "2023-06", "2023-07", "2023-08", "2023-09", "2023-10",
    "2023-11", "2023-12", "2024-01", "2024-02", "2024-03",
];

#[tokio::test]
async fn req_4_4_lasting_customers_and_those_of_a_moment() {
    each_database(async |test| {
        let world = World::new(test, AS_OF).await;
        let mut text = monthly("steady", &MONTHS, 100);
        // As long a customer, but without any rule.
        text += &monthly("irregular", &["2022-01", "2022-02", "2024-03"], 100);
        // As regular, but new.
        text += &monthly("new", &["2024-01", "2024-02", "2024-03"], 100);
        text += &monthly("once", &["2024-03"], 9_999);
        world.ingest(orders(&text)).await;
        let rule = "tenure_days >= 365 AND active_months_12m >= 9 AND interpurchase_days_cv < 0.5";
        world.taxonomy("constancy", &[("lasting", rule), ("casual", "")]).await;
        world.classify(AS_OF).await;
        let keys = ["steady", "irregular", "new", "once"];
        let found = world.classes_of(&keys, "constancy", AS_OF).await;
        assert_eq!(found, ["lasting", "casual", "casual", "casual"]);
    })
    .await;
}

#[tokio::test]
async fn req_4_15_classes_by_the_products_that_are_bought() {
    each_database(async |test| {
        let world = World::new(test, AS_OF).await;
        let text = "c1 o1 2024-03-01T10:00 30 - tea\nc1 o2 2024-03-02T10:00 20 - mugs
                    c2 o3 2024-03-01T10:00 30 - tea\nc2 o4 2024-03-02T10:00 40 - mugs
                    c3 o5 2024-03-01T10:00 30 - books\nc4 o6 2024-03-01T10:00 30";
        world.ingest(orders(text)).await;
        let classes = [
            ("tea", "top_category = 'tea'"),
            ("tableware", "top_category IN ('mugs', 'plates')"),
            ("other", "top_category IS NOT NULL"),
            ("unknown", ""),
        ];
        world.taxonomy("family", &classes).await;
        world.classify(AS_OF).await;
        let found = world.classes_of(&["c1", "c2", "c3", "c4"], "family", AS_OF).await;
        assert_eq!(found, ["tea", "tableware", "other", "unknown"]);
    })
    .await;
}

#[tokio::test]
async fn req_4_17_stages_of_life_with_the_days_on_which_they_began() {
    each_database(async |test| {
        let world = World::new(test, "2023-05-15").await;
        let profile =
            CustomerProfile { registration_date: date("2023-05-01"), ..Default::default() };
        world.ingest([customer("c1", profile), order("c1 o1 2023-06-01T10:00 100")]).await;
        world.template("lifecycle").await;
        let stages = [
            ("prospect", "2023-05-15"),
            ("new", "2023-06-10"),
            ("dormant", "2023-10-15"),
            ("churned", "2024-03-15"),
        ];
        for (_, day) in stages {
            world.today_is(day).await;
            world.classify(day).await;
        }
        world.today_is("2024-06-20").await;
        world.day_begins().await;
        world.ingest([order("c1 o2 2024-06-20T10:00 100")]).await;
        world.follow().await;
        let mut found = Vec::new();
        for stay in world.history("c1", "lifecycle").await.into_iter().rev() {
            found.push((stay.class_id, stay.valid_from_date, stay.valid_to_date));
        }
        let mut expected = Vec::new();
        let all = stages.into_iter().chain([("returned", "2024-06-20")]);
        let ends = all.clone().skip(1).map(|(_, day)| date(day)).chain([None]);
        for ((class, day), end) in all.zip(ends) {
            expected.push((class.to_owned(), date(day), end));
        }
        assert_eq!(found, expected);
    })
    .await;
}

#[tokio::test]
async fn req_4_23_large_steady_and_long_silent_customers() {
    each_database(async |test| {
        let world = World::new(test, AS_OF).await;
        let mut text = monthly("large", &["2024-01", "2024-03"], 60_000);
        text += &monthly("steady", &MONTHS, 100);
        text += &monthly("silent", &["2023-05", "2023-06"], 90_000);
        text += &monthly("other", &["2024-03"], 100);
        world.ingest(orders(&text)).await;
        let classes = [
            ("silent", "recency_days > 180"),
            ("large", "amount_365d >= 100000"),
            ("steady", "orders_365d >= 12"),
            ("other", ""),
        ];
        world.taxonomy("three", &classes).await;
        world.classify(AS_OF).await;
        let keys = ["large", "steady", "silent", "other"];
        assert_eq!(world.classes_of(&keys, "three", AS_OF).await, keys);
    })
    .await;
}

#[tokio::test]
async fn req_4_25_three_bands_of_loyalty_each_with_its_strategy() {
    each_database(async |test| {
        let world = World::new(test, AS_OF).await;
        let mut text = monthly("loyal", &MONTHS, 100);
        text += &monthly("detractor", &MONTHS, 100);
        text += &monthly("middling", &["2023-10", "2024-01"], 9_000);
        text += &monthly("once", &["2024-03"], 9_000);
        world.ingest(orders(&text)).await;
        let answers = ["loyal s1 2024-03-01T10:00 nps 9", "detractor s2 2024-03-01T10:00 nps 3"];
        world.ingest(answers.map(answer)).await;
        world.ingest([customer("nobody", CustomerProfile::default())]).await;
        world.template("loyalty").await;
        world.classify(AS_OF).await;
        let keys = ["loyal", "detractor", "middling", "once", "nobody"];
        let found = world.classes_of(&keys, "loyalty", AS_OF).await;
        assert_eq!(found, ["high", "medium", "medium", "low", "no-purchase"]);
        let request = GetTaxonomyRequest { name: "taxonomies/loyalty".to_owned(), version: 0 };
        let taxonomy = world.taxonomies().get_taxonomy(request).await.unwrap().into_inner();
        let classes = taxonomy.taxonomy.unwrap().definition.unwrap().classes;
        let strategies: BTreeSet<String> =
            classes[..3].iter().map(|class| class.strategy_summary.clone().unwrap().zh).collect();
        assert!(strategies.len() == 3 && !strategies.contains(""), "{strategies:?}");
    })
    .await;
}

#[tokio::test]
async fn req_4_19_dissatisfied_members_of_class_a_in_one_query() {
    each_database(async |test| {
        let world = World::new(test, AS_OF).await;
        let text = "c1 o1 2024-03-01T10:00 900\nc2 o2 2024-03-01T10:00 900
                    c3 o3 2024-03-01T10:00 900\nc4 o4 2024-03-01T10:00 9";
        world.ingest(orders(text)).await;
        let answers = [
            "c1 s1 2024-03-01T10:00 csat 1",
            "c2 s2 2024-03-01T10:00 csat 5",
            "c4 s3 2024-03-01T10:00 csat 1",
        ];
        world.ingest(answers.map(answer)).await;
        world.taxonomy("rank", &[("a", "amount_365d >= 500"), ("b", "")]).await;
        world.classify(AS_OF).await;
        let [c1, c2] = [world.customer("c1").await, world.customer("c2").await];
        assert_eq!(world.chosen("rank", "a", "csat_mean_365d < 60").await, [c1]);
        assert_eq!(world.chosen("rank", "a", "csat_mean_365d >= 60").await, [c2]);
        assert_eq!(
            world.chosen("rank", "a", "surveys_365d = 0").await.len(),
            1,
            "who said nothing"
        );
    })
    .await;
}
