//! Scores that follow from changes.

use kehu_storage::change_log::{self, Position, Topic};
use kehu_tests::{date, day, each_database, shop};
use sea_orm::ConnectionTrait;

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

/// One wrong date does not draw the others of its batch along.
#[tokio::test]
async fn everybody_follows_as_of_the_business_date() {
    each_database(async |test| {
        let mut states = Vec::new();
        // Batched in two ways, in databases of their own.
        for batches in [vec![vec![0, 1]], vec![vec![1], vec![0]]] {
            let fresh = kehu_tests::databases().await;
            let fresh = fresh.iter().find(|fresh| fresh.kind == test.kind).unwrap();
            let world = World::with_orders(fresh).await;
            world.publish("rfm", "2011-12-10").await;
            world.score(&["rfm"], "2011-12-10").await;
            shop::fix_business_date(&world.db, day("2011-12-11")).await;
            let orders =
                [sale("c01", "n1", "2011-12-11", 900), sale("c02", "n2", "2099-01-01", 900)];
            for (number, batch) in batches.into_iter().enumerate() {
                let orders = batch.into_iter().map(|order: usize| orders[order].clone()).collect();
                world.ingest(&format!("batch {number}"), orders).await;
                world.follow().await;
            }
            let score = world.get("c01", "rfm", None, None).await.unwrap();
            assert_eq!(score.as_of_date, date("2011-12-11"));
            let far = world.get("c01", "rfm", Some("2199-12-31"), None).await.unwrap();
            assert_eq!(far.as_of_date, date("2011-12-11"));
            let waits = world.get("c02", "rfm", None, None).await.unwrap();
            let before = world.get("c02", "rfm", Some("2011-12-10"), None).await.unwrap();
            assert_eq!((waits.score, waits.bins), (before.score, before.bins));
            let listed = world.list("rfm").await.into_iter();
            states.push(
                listed
                    .map(|score| (score.customer, score.as_of_date, score.score, score.bins))
                    .collect::<Vec<_>>(),
            );
        }
        assert_eq!(states[0], states[1]);
    })
    .await;
}

/// A day that nobody waited for comes, and a correction of the past reaches every day that was
/// evaluated.
#[tokio::test]
async fn a_later_order_is_scored_on_its_day() {
    each_database(async |test| {
        let world = World::with_orders(test).await;
        world.publish("rfm", "2011-12-10").await;
        world.score(&["rfm"], "2011-12-10").await;
        world.follow().await;
        let now = world.get("c05", "rfm", None, None).await.unwrap();
        world.ingest("later", vec![sale("c05", "n1", "2011-12-20", 50)]).await;
        world.follow().await;
        assert_eq!(world.get("c05", "rfm", None, None).await.unwrap(), now, "it waits");

        shop::fix_business_date(&world.db, day("2011-12-20")).await;
        assert_eq!(world.pass_days().await, [day("2011-12-20")]);
        let score = world.get("c05", "rfm", None, None).await.unwrap();
        assert_eq!(score.as_of_date, date("2011-12-20"));
        assert_ne!(score.bins, now.bins);
        let before = world.get("c05", "rfm", Some("2011-12-19"), None).await.unwrap();
        assert_eq!(before.as_of_date, date("2011-12-10"));
        assert_eq!(before.bins, now.bins);
        let others = world.get("c06", "rfm", None, None).await.unwrap();
        assert_eq!(others.as_of_date, date("2011-12-20"));

        world.ingest("past", vec![sale("c05", "n2", "2011-10-01", 9_000)]).await;
        world.follow().await;
        for (on, was) in [("2011-12-10", &before), ("2011-12-20", &score)] {
            let corrected = world.get("c05", "rfm", Some(on), None).await.unwrap();
            assert_eq!(corrected.as_of_date, date(on));
            assert_ne!(&corrected.bins, &was.bins, "{on}");
        }
        let followed = world.list("rfm").await;
        for on in ["2011-12-10", "2011-12-20"] {
            world.score(&["rfm"], on).await;
        }
        assert_eq!(world.list("rfm").await, followed, "it is what runs give");
    })
    .await;
}

#[tokio::test]
async fn a_scorecard_that_cannot_score_does_not_stop_the_others() {
    each_database(async |test| {
        let world = World::with_orders(test).await;
        world.publish("rfm", "2011-12-10").await;
        world.publish("abc", "2011-12-10").await;
        world.score(&[], "2011-12-10").await;
        // Its calibration is that of another one.
        let sql = "UPDATE definition_version SET frozen = (SELECT frozen FROM \
                   definition_version WHERE definition_id = 'rfm') WHERE definition_id = 'abc'";
        let transaction = world.db.begin().await.unwrap();
        transaction.execute_unprepared(sql).await.unwrap();
        transaction.commit().await.unwrap();

        let before = world.get("c03", "rfm", None, None).await.unwrap();
        world.ingest("one", vec![sale("c03", "n1", "2011-12-09", 900)]).await;
        world.follow().await;
        assert_ne!(world.get("c03", "rfm", None, None).await.unwrap().bins, before.bins);
        let facts = change_log::read(&world.db, Topic::Facts, Position::START, 100).await.unwrap();
        let cursor = change_log::cursor(&world.db, "scoring").await.unwrap();
        assert_eq!(cursor, facts.last().unwrap().position);

        shop::fix_business_date(&world.db, day("2011-12-11")).await;
        assert_eq!(world.pass_days().await, [day("2011-12-11")]);
        assert_eq!(world.pass_days().await, [], "nothing is due any more");
        assert!(world.get("c03", "rfm", Some("2011-12-11"), None).await.is_ok());
        assert!(world.get("c03", "abc", Some("2011-12-11"), None).await.is_err());
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
        assert_eq!(world.pass_days().await, []);
        let facts = change_log::read(&world.db, Topic::Facts, Position::START, 100).await.unwrap();
        let cursor = change_log::cursor(&world.db, "scoring").await.unwrap();
        assert_eq!(cursor, facts.last().unwrap().position);
    })
    .await;
}
