//! How important customers are, apart from what they bring.

use kehu_contract::scoring::{ListFeaturesRequest, feature_service_client::FeatureServiceClient};
use kehu_core::scorecard::templates;
use kehu_tests::each_database;

use crate::records::{answer, assessment, enterprise, order, orders};
use crate::world::World;

const AS_OF: &str = "2024-03-31";

/// The features that a template reads.
fn features(scorecard: &str) -> Vec<String> {
    let card = templates().into_iter().find(|card| card.id == scorecard).unwrap();
    card.features().iter().map(ToString::to_string).collect()
}

async fn grade(world: &World, key: &str, scorecard: &str) -> String {
    world.explain(key, scorecard, AS_OF).await.score.unwrap().grade
}

/// A customer that buys for much and often, but is small, new and would warn others; and a large maker
/// that bought a little of four things, years ago and this year.
async fn two_kinds(world: &World) {
    let mut text = String::new();
    for day in 10..30 {
        text += &format!("rich r{day} 2024-03-{day}T10:00 90000 - tea\n");
    }
    text += "maker m0 2018-01-10T10:00 10 - tea\n";
    for (place, category) in ["tea", "cups", "pots", "mats"].into_iter().enumerate() {
        text += &format!("maker m{} 2023-05-10T10:00 10 - {category}\n", place + 1);
    }
    world.ingest(orders(&text)).await;
    world
        .ingest([
            enterprise("rich", "F5227", "", "3", "500000"),
            enterprise("maker", "C3670", "", "5000", "900000000"),
            answer("rich s1 2024-03-01T10:00 nps 2"),
            answer("maker s2 2024-03-01T10:00 nps 10"),
            assessment("maker p1 2024-03-01 2024-12-31 90 wang The market leader"),
        ])
        .await;
}

/// The grades of value and importance.
async fn grades(world: &World, key: &str) -> String {
    [grade(world, key, "value").await, grade(world, key, "importance").await].concat()
}

/// What is earned moves the value alone, what is known of the customer its importance alone.
#[tokio::test]
async fn req_4_18_importance_is_graded_apart_from_value() {
    each_database(async |test| {
        let world = World::new(test, AS_OF).await;
        two_kinds(&world).await;
        world.score(&["value", "importance"], AS_OF).await;
        world.template("importance").await;
        world.classify(AS_OF).await;
        // Of two customers one is among the best 5 %, rounded up, the other is not.
        assert_eq!(grades(&world, "rich").await, "AD");
        assert_eq!(grades(&world, "maker").await, "DA");
        let found = world.classes_of(&["rich", "maker"], "importance", AS_OF).await;
        assert_eq!(found, ["minor", "critical"]);

        let more =
            (1..30).map(|day| order(&format!("maker n{day} 2024-03-{day:02}T10:00 99000 - tea")));
        world.ingest(more).await;
        world.follow().await;
        assert_eq!(grades(&world, "maker").await, "AA");
        let known = [
            enterprise("rich", "F5227", "", "800", "900000000"),
            answer("rich s3 2024-03-30T10:00 nps 10"),
            assessment("rich p2 2024-03-30 2024-12-31 95 wang They open shops everywhere"),
        ];
        world.ingest(known).await;
        world.follow().await;
        assert_eq!(grades(&world, "rich").await, "AB");
    })
    .await;
}

/// No feature of one is read by the other, and none of importance is an amount.
#[tokio::test]
async fn req_4_18_importance_and_value_read_nothing_in_common() {
    each_database(async |test| {
        let world = World::new(test, AS_OF).await;
        let (value, importance) = (features("value"), features("importance"));
        assert!(importance.iter().all(|feature| !value.contains(feature)), "{importance:?}");
        let mut service = FeatureServiceClient::new(world.client.clone());
        let listed = service.list_features(ListFeaturesRequest::default()).await.unwrap();
        for feature in listed.into_inner().features {
            if importance.contains(&feature.id) {
                assert_ne!(feature.unit, "currency", "{}", feature.id);
            }
        }
    })
    .await;
}
