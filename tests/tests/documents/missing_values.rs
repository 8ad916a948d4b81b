//! What is done about values that are missing.

use kehu_contract::scoring::Contribution;
use kehu_core::scorecard::Scorecard;
use kehu_tests::each_database;

use crate::records::{answer, interaction, order, orders};
use crate::world::{World, text};

const AS_OF: &str = "2024-03-31";

/// 100 points for who bought for 100 or more, at a weight of 0.6, and a second indicator at 0.4.
fn card(id: &str, second: &str) -> Scorecard {
    Scorecard::from_yaml(&format!(
        "
id: {id}
label: {{en: Two sides}}
indicators:
  - id: amount
    label: {{en: Amount}}
    feature: amount_total
    transform: {{bands: {{cuts: [100], points: [0, 100]}}}}
    direction: up
    weight: 0.6
    missing: {{impute: 0}}
  - id: second
    label: {{en: Second}}
    {second}
    weight: 0.4
"
    ))
    .unwrap()
}

/// Stars below 30 points are 0, below 60 are 50.
fn stars(missing: &str) -> String {
    format!(
        "feature: csat_mean_365d
    transform: {{bands: {{cuts: [30, 60], points: [0, 50, 100]}}}}
    direction: up
    missing: {missing}"
    )
}

/// Four customers who bought for 100; one of them gave five stars and two gave two.
async fn three_of_four_answered(world: &World) {
    let bought = ["c1", "c2", "c3", "c4"].map(|key| format!("{key} o-{key} 2024-03-01T10:00 100"));
    world.ingest(orders(&bought.join("\n"))).await;
    let answers = [("c1", 5), ("c2", 2), ("c3", 2)];
    let text = |(key, stars)| answer(&format!("{key} s-{key} 2024-03-05T10:00 csat {stars}"));
    world.ingest(answers.map(text)).await;
}

/// The score, and what the second indicator adds to it.
async fn score(world: &World, key: &str, id: &str) -> (String, Contribution) {
    let mut explained = world.explain(key, id, AS_OF).await;
    let score = explained.score.unwrap().score.unwrap().value;
    (score, explained.contributions.remove(1))
}

/// 100, 25 and 25 points: their mean is 50, their median 25.
#[tokio::test]
async fn req_2_21_what_fills_a_gap_is_marked_and_depends_on_the_method() {
    each_database(async |test| {
        let world = World::new(test, AS_OF).await;
        three_of_four_answered(&world).await;
        for (id, method, filled, points, expected) in [
            ("by-mean", "{impute: mean}", "50", "50", "80"),
            ("by-median", "{impute: median}", "25", "0", "60"),
            ("by-constant", "{impute: 80}", "80", "100", "100"),
        ] {
            world.scorecard(&card(id, &stars(method)), AS_OF).await.unwrap();
            world.score_all(AS_OF).await;
            let (found, second) = score(&world, "c4", id).await;
            assert_eq!((found.as_str(), second.missing_policy.as_str()), (expected, "imputed"));
            assert_eq!(text(second.stand_in), filled, "{method}");
            assert_eq!(second.points.unwrap().value, points, "{method}");
            let (_, measured) = score(&world, "c2", id).await;
            assert_eq!(
                (measured.missing_policy.as_str(), text(measured.value)),
                ("", "25".to_owned())
            );
        }
    })
    .await;
}

/// With the second left out, the first counts for all.
#[tokio::test]
async fn req_2_22_a_minor_variable_is_skipped_and_the_rest_counts_for_all() {
    each_database(async |test| {
        let world = World::new(test, AS_OF).await;
        three_of_four_answered(&world).await;
        world.scorecard(&card("minor", &stars("ignore")), AS_OF).await.unwrap();
        world.score_all(AS_OF).await;
        let (whole, skipped) = score(&world, "c4", "minor").await;
        assert_eq!((whole.as_str(), skipped.missing_policy.as_str()), ("100", "ignored"));
        assert_eq!((skipped.points, skipped.contribution.unwrap().value), (None, "0".to_owned()));
        // 0.6 of 100 and 0.4 of 0.
        assert_eq!(score(&world, "c3", "minor").await.0, "60");
    })
    .await;
}

/// Who was never spoken to is judged by the last order instead.
#[tokio::test]
async fn req_2_23_a_named_proxy_stands_in_and_the_explanation_says_so() {
    each_database(async |test| {
        let world = World::new(test, AS_OF).await;
        world
            .ingest([order("c1 o1 2024-03-01T10:00 100"), order("c2 o2 2024-01-31T10:00 100")])
            .await;
        world.ingest([interaction("c1 i1 2024-03-26T10:00 call")]).await;
        let silence = "feature: days_since_interaction
    transform: {bands: {cuts: [10, 90], points: [100, 50, 0]}}
    direction: up
    missing: {substitute: recency_days}";
        world.scorecard(&card("silence", silence), AS_OF).await.unwrap();
        world.score_all(AS_OF).await;
        let (found, own) = score(&world, "c1", "silence").await;
        assert_eq!((found.as_str(), own.missing_policy.as_str()), ("100", ""));
        assert_eq!((text(own.value), own.substitute_feature.as_str()), ("5".to_owned(), ""));
        // Sixty days are 50 points: 0.6 of 100 and 0.4 of 50.
        let (found, proxy) = score(&world, "c2", "silence").await;
        assert_eq!((found.as_str(), proxy.missing_policy.as_str()), ("80", "substituted"));
        assert_eq!((text(proxy.value), text(proxy.stand_in)), ("null".to_owned(), "60".to_owned()));
        assert_eq!(proxy.substitute_feature, "recency_days");
    })
    .await;
}
