//! Classes and codes that follow from changes.

use std::time::Duration;

use kehu_storage::change_log::{self, Position, Topic};
use kehu_storage::coding::{pins, taxonomies};
use kehu_tests::{date, day, each_database};

use crate::codes::{AS_OF, STANDARD, scheme};
use crate::world::{World, sale};

/// Classified and coded by runs, and the followers have caught up.
async fn settled(test: &kehu_tests::TestDatabase) -> World {
    let world = World::with_orders(test).await;
    world.publish_size().await;
    world.classify(&[], AS_OF).await;
    world.create_scheme(scheme("standard", STANDARD)).await.unwrap();
    world.code("standard", AS_OF).await;
    world.follow().await;
    world
}

#[tokio::test]
async fn what_follows_is_what_a_run_gives() {
    each_database(async |test| {
        let world = settled(test).await;
        let mut orders = vec![sale(13, "n0", day("2011-12-09"), 10)];
        orders.extend((0..4).map(|order| sale(3, &format!("n3-{order}"), day("2011-12-09"), 10)));
        world.ingest("new", orders).await;
        world.scores_changed(&[3, 4, 13], AS_OF).await;
        world.follow().await;
        let moved = world.get(3, "size", None, None).await.unwrap();
        assert_eq!((moved.class_id.as_str(), moved.run.as_str()), ("middle", ""));
        assert_eq!(world.get(13, "size", None, None).await.unwrap().class_id, "small");
        let changes =
            change_log::read(&world.db, Topic::Classes, Position::START, 100).await.unwrap();
        let customers: Vec<_> =
            changes.last().unwrap().customers.iter().map(|customer| customer.0).collect();
        assert_eq!(customers, [3, 13], "the class of 4 is what it was");
        let codes = world.codes("standard").await;
        assert!(codes[&3].starts_with("FR-S000001"), "the code is permanent");
        assert!(codes[&13].starts_with("ZZ-S000002"));

        let followed = world.members("size", "").await;
        world.classify(&[], AS_OF).await;
        world.code("standard", AS_OF).await;
        assert_eq!(world.members("size", "").await, followed);
        assert_eq!(world.codes("standard").await, codes);
    })
    .await;
}

#[tokio::test]
async fn a_change_is_classified_as_of_its_date_or_a_later_one() {
    each_database(async |test| {
        let world = settled(test).await;
        world.classify(&[], "2011-12-31").await;
        world
            .ingest(
                "new",
                (0..9).map(|n| sale(1, &format!("n{n}"), day("2011-12-05"), 1)).collect(),
            )
            .await;
        world.ingest("newer", vec![sale(13, "m", day("2011-12-05"), 1)]).await;
        world.scores_changed(&[1, 13], AS_OF).await;
        world.follow().await;
        let known = world.get(1, "size", None, None).await.unwrap();
        assert_eq!((known.class_id.as_str(), known.valid_from_date), ("large", date("2011-12-31")));
        let new = world.get(13, "size", None, None).await.unwrap();
        assert_eq!(new.valid_from_date, date(AS_OF));
        world.scores_changed(&[1], "2012-01-10").await;
        world.follow().await;
        let later = world.get(1, "size", None, None).await.unwrap();
        assert_eq!(later.valid_from_date, date("2012-01-10"));
    })
    .await;
}

#[tokio::test]
async fn nothing_follows_before_the_first_run() {
    each_database(async |test| {
        let world = World::with_orders(test).await;
        world.publish_size().await;
        world.scores_changed(&[1, 2], AS_OF).await;
        world.follow().await;
        assert_eq!(world.members("size", "").await, []);
        let changes = change_log::read(&world.db, Topic::Scores, Position::START, 9).await.unwrap();
        let cursor = change_log::cursor(&world.db, "coding").await.unwrap();
        assert_eq!(cursor, changes[0].position);
        world.create_scheme(scheme("standard", STANDARD)).await.unwrap();
        world.classify(&[], AS_OF).await;
        world.follow().await;
        assert!(world.codes("standard").await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn changes_wait_for_the_end_of_a_first_run() {
    each_database(async |test| {
        let world = World::with_orders(test).await;
        world.publish_size().await;
        let request = "\"taxonomies\":[]";
        let run_id = world.queue("classification", request, AS_OF).await;
        let versions = taxonomies::in_force(&world.db).await.unwrap();
        pins::pin_versions(&world.db, run_id, &versions).await.unwrap();
        world.scores_changed(&[1, 2], AS_OF).await;
        let waiting = tokio::time::timeout(Duration::from_millis(500), world.follow()).await;
        assert!(waiting.is_err(), "the follower waits");
        world.carry_out(run_id).await;
        world.follow().await;
        let first = world.get(1, "size", None, None).await.unwrap();
        assert_eq!(first.run, format!("runs/{run_id}"));
    })
    .await;
}

/// A prefix without numbers holds up neither the other scheme nor the cursor.
#[tokio::test]
async fn an_exhausted_scheme_is_left_out() {
    each_database(async |test| {
        let world = World::with_orders(test).await;
        world.publish_size().await;
        world.classify(&[], AS_OF).await;
        for (id, template) in [("a-tiny", "T{class:1}{seq:1}"), ("wide", "W{class:1}{seq:4}")] {
            world.create_scheme(scheme(id, template)).await.unwrap();
            world.code(id, AS_OF).await;
        }
        world.follow().await;
        let customers: Vec<i64> = (13..=18).collect();
        let orders = customers.iter().map(|id| sale(*id, &format!("n{id}"), day("2011-12-09"), 1));
        world.ingest("new", orders.collect()).await;
        world.scores_changed(&customers, AS_OF).await;
        world.follow().await;
        assert_eq!(world.codes("a-tiny").await.len(), 12);
        assert_eq!(world.codes("wide").await.len(), 18);
    })
    .await;
}
