//! Scores that follow from changes.

use kehu_storage::change_log::{self, Position, Topic};
use kehu_tests::{date, day, each_database};

use crate::world::{World, sale};

#[tokio::test]
async fn what_follows_is_what_a_run_gives() {
    each_database(async |test| {
        let world = World::with_orders(test).await;
        world.publish("rfm", "2011-12-10").await;
        world.publish("value", "2011-12-10").await;
        world.score(&[], "2011-12-10").await;
        world.follow().await;
        let seen = change_log::read(&world.db, Topic::Scores, Position::START, 100).await.unwrap();

        let orders =
            vec![sale("c03", "n1", "2011-12-08", 900), sale("c20", "n2", "2011-12-09", 40)];
        world.ingest("one", orders).await;
        world.ingest("two", vec![sale("c03", "n3", "2011-12-10", 100)]).await;
        world.follow().await;
        let customers = [world.customer("c03").await, world.customer("c20").await];
        let after = seen.last().unwrap().position;
        let appended = change_log::read(&world.db, Topic::Scores, after, 100).await.unwrap();
        assert_eq!(appended.len(), 1, "both batches are merged into one pass");
        assert_eq!(appended[0].customers, customers);
        assert_eq!(appended[0].as_of, Some(day("2011-12-10")));
        let followed = [world.list("rfm").await, world.list("value").await];
        assert_eq!(followed[0].len(), 13);
        let by_change = followed[0].iter().filter(|score| score.run.is_empty()).count();
        assert_eq!(by_change, 2);

        world.score(&[], "2011-12-10").await;
        assert_eq!([world.list("rfm").await, world.list("value").await], followed);
    })
    .await;
}

#[tokio::test]
async fn a_later_order_is_scored_as_of_its_day() {
    each_database(async |test| {
        let world = World::with_orders(test).await;
        world.publish("rfm", "2011-12-10").await;
        world.score(&["rfm"], "2011-12-10").await;
        world.follow().await;
        world.ingest("later", vec![sale("c05", "n1", "2011-12-20", 50)]).await;
        world.follow().await;
        let score = world.get("c05", "rfm", None, None).await.unwrap();
        assert_eq!(score.as_of_date, date("2011-12-20"));
        let before = world.get("c05", "rfm", Some("2011-12-19"), None).await.unwrap();
        assert_eq!(before.as_of_date, date("2011-12-10"));

        // A correction of the past must not hide behind the score of the later day.
        world.ingest("past", vec![sale("c05", "n2", "2011-10-01", 9_000)]).await;
        world.follow().await;
        let corrected = world.get("c05", "rfm", None, None).await.unwrap();
        assert_eq!(corrected.as_of_date, date("2011-12-20"));
        assert_ne!(corrected.bins, score.bins);
        let others = world.get("c06", "rfm", None, None).await.unwrap();
        assert_eq!(others.as_of_date, date("2011-12-10"));
    })
    .await;
}

#[tokio::test]
async fn nothing_follows_before_the_first_run() {
    each_database(async |test| {
        let world = World::with_orders(test).await;
        world.follow().await;
        world.publish("rfm", "2011-12-10").await;
        world.ingest("one", vec![sale("c01", "n1", "2011-12-09", 50)]).await;
        world.follow().await;
        assert_eq!(world.list("rfm").await, []);
        let facts = change_log::read(&world.db, Topic::Facts, Position::START, 100).await.unwrap();
        let cursor = change_log::cursor(&world.db, "scoring").await.unwrap();
        assert_eq!(cursor, facts.last().unwrap().position);
    })
    .await;
}
