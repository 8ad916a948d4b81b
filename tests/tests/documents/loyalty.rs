//! How loyal customers are, and where that goes.

use kehu_tests::each_database;

use crate::records::{answer, orders};
use crate::world::World;

const BEFORE: &str = "2024-02-29";
const AS_OF: &str = "2024-03-31";

/// Orders on the tenth of the twelve months before April 2024.
fn monthly(key: &str) -> String {
    let months = (4..=12).map(|month| format!("2023-{month:02}"));
    let months = months.chain((1..=3).map(|month| format!("2024-{month:02}")));
    months.map(|month| format!("{key} {key}-{month} {month}-10T10:00 100\n")).collect()
}

async fn index(world: &World, key: &str, on: &str) -> (String, String) {
    let score = world.explain(key, "loyalty-index", on).await.score.unwrap();
    (score.score.map(|score| score.value).unwrap_or_default(), score.grade)
}

#[tokio::test]
async fn req_1_6_a_loyalty_index_and_its_trend_by_class() {
    each_database(async |test| {
        let world = World::new(test, BEFORE).await;
        let mut text = monthly("loyal");
        text += "loyal loyal-0 2019-01-10T10:00 100\n";
        text += "fading f1 2022-06-10T10:00 100\nfading f2 2024-01-05T10:00 100\n";
        text += "new n1 2024-03-05T10:00 100\n";
        world.ingest(orders(&text)).await;
        let answers = ["loyal s1 2024-01-10T10:00 nps 10", "fading s2 2024-01-10T10:00 nps 3"];
        world.ingest(answers.map(answer)).await;
        world.taxonomy("sizes", &[("regular", "orders_365d > 6"), ("other", "")]).await;
        world.score(&["loyalty-index"], BEFORE).await;
        world.classify(BEFORE).await;
        world.today_is(AS_OF).await;
        world.day_begins().await;

        // 100 × 0.15 + 100 × 0.20 + 100 × 0.25 + 100 × 0.20 + 100 × 0.20: eleven orders by then
        // are 75 points of repetition.
        assert_eq!(index(&world, "loyal", BEFORE).await, ("95".to_owned(), "H".to_owned()));
        assert_eq!(index(&world, "loyal", AS_OF).await, ("100".to_owned(), "H".to_owned()));
        // 55 days since the last order: 75; a customer for 629 days: 50; one month of twelve: 25; one
        // order: 0; would not recommend us: 0. A month later it is 86 days and 660.
        assert_eq!(index(&world, "fading", BEFORE).await, ("27.5".to_owned(), "L".to_owned()));
        assert_eq!(index(&world, "fading", AS_OF).await, ("27.5".to_owned(), "L".to_owned()));
        // Never asked: the rest is 0.80 of the weight. 100 × 0.15 + 0 + 25 × 0.25 + 0 of it.
        assert_eq!(index(&world, "new", AS_OF).await, ("26.5625".to_owned(), "L".to_owned()));

        let columns = [
            "class_id",
            "month_end",
            "customer_count",
            "loyalty_index",
            "month_change",
            "year_change",
            "high_count",
            "low_count",
            "high_share",
        ];
        assert_eq!(
            world.report("loyalty-trend", "sizes", &columns).await,
            [
                "regular 2024-02-29 1 95 null null 1 0 1",
                "regular 2024-03-31 1 100 5 null 1 0 1",
                "other 2024-02-29 1 27.5 null null 0 1 0",
                "other 2024-03-31 2 27.0312 -0.4688 null 0 2 0",
                "total 2024-02-29 2 61.25 null null 1 1 0.5",
                "total 2024-03-31 3 51.3542 -9.8958 null 1 2 0.3333",
            ]
        );
    })
    .await;
}
