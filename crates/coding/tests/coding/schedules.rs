//! Runs and followers in a stated order, each held between what it read and what it writes.

use kehu_contract::coding::{Recoding, create_taxonomy_request::Origin};
use kehu_storage::Database;
use kehu_storage::coding::classes::{View, latest_classified};
use kehu_storage::ingestion::{NewOrder, OrderStatus};
use kehu_storage::pauses::Point;
use kehu_storage::run::RunState;
use kehu_tests::schedule::{Actor, Reached, Schedule};
use kehu_tests::{TestDatabase, day, each_database, now};

use crate::codes::{AS_OF, scheme};
use crate::world::{World, sale, size};

/// Classified and coded by runs, under a scheme whose codes follow the class; the followers have
/// caught up.
async fn coded(test: &TestDatabase) -> World {
    let world = World::with_orders(test).await;
    world.publish_size().await;
    world.classify(&[], AS_OF).await;
    let mut changing = scheme("changing", "N{class:1}{seq:4}");
    changing.recoding = Recoding::OnClassChange.into();
    world.create_scheme(changing).await.unwrap();
    world.code("changing", AS_OF).await;
    world.follow().await;
    world
}

/// Customer 1, that has one order, gets four more: middle, no longer small.
fn grow() -> Vec<NewOrder> {
    (0..4).map(|order| sale(1, &format!("n{order}"), day("2011-12-05"), 1)).collect()
}

fn shrink() -> Vec<NewOrder> {
    let mut orders = grow();
    for order in &mut orders {
        order.status = OrderStatus::Cancelled;
        order.digest.push_str(" cancelled");
    }
    orders
}

/// Publishes a version of `size` under which customers are middle from so many orders on.
async fn publish_next(world: &World, middle: u32) {
    let mut next = size();
    next.classes[1].predicate = format!("orders_total >= {middle}");
    world.create(Origin::Definition(next)).await.unwrap();
    world.publish("size").await.unwrap();
}

async fn about_to_write<T>(actor: &mut Actor<T>) {
    assert_eq!(actor.until(Point::Facts).await, Reached::There);
    assert_eq!(actor.until(Point::Begin).await, Reached::There);
}

async fn follower(schedule: &Schedule) -> Actor<()> {
    let follow = async |db: Database| World::on(db).follow().await;
    let mut follower = schedule.actor("follower", follow);
    about_to_write(&mut follower).await;
    follower
}

async fn run(schedule: &Schedule) -> Actor<RunState> {
    let classify = async |db: Database| World::on(db).classify(&[], AS_OF).await.state;
    let mut run = schedule.actor("run", classify);
    about_to_write(&mut run).await;
    run
}

/// Every class is what computing it afresh gives, and every code that of its class.
async fn is_what_runs_give(world: &World) {
    world.follow().await;
    let (classes, codes) = (world.members("size", "").await, world.codes("changing").await);
    assert_eq!(classes.len(), 12);
    world.classify(&[], AS_OF).await;
    world.code("changing", AS_OF).await;
    let class = |member: &kehu_contract::coding::Classification| member.class_id.clone();
    let again: Vec<_> = world.members("size", "").await.iter().map(class).collect();
    assert_eq!(again, classes.iter().map(class).collect::<Vec<_>>());
    assert_eq!(world.codes("changing").await, codes);
}

/// A follower has loaded the version before; meanwhile a run has brought the next in force.
#[tokio::test]
async fn a_follower_does_not_undo_what_a_run_brought_in_force() {
    each_database(async |test| {
        let world = coded(test).await;
        world.ingest("grow", grow()).await;
        let follower = follower(&Schedule::on(test)).await;
        publish_next(&world, 4).await;
        world.classify(&[], AS_OF).await;
        follower.finish().await;
        assert_eq!(world.ids("size", "middle").await, [1, 4, 5, 6, 7, 8, 9]);
        is_what_runs_give(&world).await;
    })
    .await;
}

/// A follower evaluates under a version that a run is about to bring in force, and writes after
/// it is: what it writes is seen at once, so the codes must hear of it.
#[tokio::test]
async fn what_a_follower_writes_as_a_version_comes_in_force_is_followed_on() {
    each_database(async |test| {
        let world = coded(test).await;
        publish_next(&world, 4).await;
        let schedule = Schedule::on(test);
        // It has classified everybody, and is about to say so.
        let mut run = run(&schedule).await;
        assert_eq!(run.until(Point::Commit).await, Reached::There);
        assert_eq!(run.until(Point::Begin).await, Reached::There);
        world.ingest("grow", grow()).await;
        let follower = follower(&schedule).await;
        assert_eq!(run.finish().await, RunState::Succeeded);
        assert!(world.codes("changing").await[&1].starts_with("NS"));
        world.follow().await;
        follower.finish().await;
        world.follow().await;
        assert_eq!(world.get(1, "size", None, None).await.unwrap().class_id, "middle");
        assert!(world.codes("changing").await[&1].starts_with("NM"), "its code is of its class");
        is_what_runs_give(&world).await;
    })
    .await;
}

/// Orders come and are cancelled again. A run has read in between; the follower, that saw the
/// end, found nothing to write.
#[tokio::test]
async fn a_run_that_read_between_two_changes_does_not_win() {
    each_database(async |test| {
        let world = coded(test).await;
        world.ingest("grow", grow()).await;
        let run = run(&Schedule::on(test)).await;
        world.ingest("shrink", shrink()).await;
        world.follow().await;
        assert_eq!(run.finish().await, RunState::Succeeded);
        assert_eq!(world.get(1, "size", None, None).await.unwrap().class_id, "small");
        is_what_runs_give(&world).await;
    })
    .await;
}

/// The same, with a follower that read in between and a run that saw the end.
#[tokio::test]
async fn a_follower_that_read_between_two_changes_does_not_win() {
    each_database(async |test| {
        let world = coded(test).await;
        world.ingest("grow", grow()).await;
        let follower = follower(&Schedule::on(test)).await;
        world.ingest("shrink", shrink()).await;
        world.classify(&[], AS_OF).await;
        follower.finish().await;
        assert_eq!(world.get(1, "size", None, None).await.unwrap().class_id, "small");
        is_what_runs_give(&world).await;
    })
    .await;
}

/// A follower has written and not yet committed: whoever asks for a time since then waits for it,
/// and an answer that was given stays.
#[tokio::test]
async fn what_is_known_waits_for_a_follower_that_is_writing() {
    each_database(async |test| {
        let world = coded(test).await;
        world.ingest("grow", grow()).await;
        let mut follower = follower(&Schedule::on(test)).await;
        assert_eq!(follower.until(Point::Commit).await, Reached::There);
        let known_at = now();
        let reader = Database::connect(&test.url).await.unwrap();
        let asked = tokio::spawn(async move {
            loop {
                // A conflict says that it is still being written: ask again.
                match latest_classified(&reader, Some("size"), Some(known_at)).await {
                    Err(error) if error.is_retryable() => {}
                    done => break done.map(|_| World::on(reader)),
                }
            }
        });
        follower.finish().await;
        let reader = asked.await.unwrap().unwrap();
        let answer = reader.get(1, "size", None, Some(known_at)).await.unwrap();
        assert_eq!(answer.class_id, "middle", "it had begun before");
        world.ingest("shrink", shrink()).await;
        world.follow().await;
        assert_eq!(world.get(1, "size", None, None).await.unwrap().class_id, "small");
        let again = reader.get(1, "size", None, Some(known_at)).await.unwrap();
        assert_eq!(again.class_id, answer.class_id);
        let view = View { true_on: Some(day(AS_OF)), known_at: Some(known_at) };
        let counted = kehu_storage::coding::classes::counts(&world.db, "size", view).await.unwrap();
        assert_eq!(counted["middle"], 6);
    })
    .await;
}

/// Two followers of the same changes: the second waits for the first, and then has nothing to do.
#[tokio::test]
async fn two_followers_write_one_after_the_other() {
    each_database(async |test| {
        let world = coded(test).await;
        world.ingest("grow", grow()).await;
        let schedule = Schedule::on(test);
        let (mut first, mut second) = (follower(&schedule).await, follower(&schedule).await);
        assert_eq!(first.until(Point::Commit).await, Reached::There);
        assert_eq!(second.until(Point::Commit).await, Reached::Waits);
        tokio::join!(first.finish(), second.finish());
        is_what_runs_give(&world).await;
        assert!(world.codes("changing").await[&1].starts_with("NM"));
    })
    .await;
}
