//! Runs and followers in a stated order, each held between what it read and what it writes.

use kehu_contract::scoring::Score;
use kehu_storage::history::View;
use kehu_storage::ingestion::{NewOrder, OrderStatus};
use kehu_storage::pauses::Point;
use kehu_storage::run::RunState;
use kehu_storage::scoring::scores;
use kehu_storage::{Database, PageRequest};
use kehu_tests::schedule::{Actor, Reached, Schedule};
use kehu_tests::{day, each_database, now};
use tonic::Code;

use crate::world::{World, sale};

const AS_OF: &str = "2011-12-10";

/// Twelve customers scored under `rfm`, and the follower has caught up.
async fn scored(test: &kehu_tests::TestDatabase) -> World {
    let world = World::with_orders(test).await;
    world.publish("rfm", AS_OF).await;
    world.score(&["rfm"], AS_OF).await;
    world.follow().await;
    world
}

/// A follower that has read facts, and is about to write what it found.
async fn follower(schedule: &Schedule) -> Actor<()> {
    let follow = async |db: Database| World::on(db).follow().await;
    let mut follower = schedule.actor("follower", follow);
    about_to_write(&mut follower).await;
    follower
}

/// A run that has read facts, and is about to write what it found.
async fn run(schedule: &Schedule) -> Actor<RunState> {
    let score = async |db: Database| World::on(db).score(&["rfm"], AS_OF).await.state;
    let mut run = schedule.actor("run", score);
    about_to_write(&mut run).await;
    run
}

async fn about_to_write<T>(actor: &mut Actor<T>) {
    assert_eq!(actor.until(Point::Facts).await, Reached::There);
    assert_eq!(actor.until(Point::Begin).await, Reached::There);
}

fn large() -> NewOrder {
    sale("c03", "n1", "2011-12-08", 900)
}

fn cancelled() -> NewOrder {
    let mut order = NewOrder { status: OrderStatus::Cancelled, ..large() };
    order.digest.push_str(" cancelled");
    order
}

/// The composite and the bins of each customer.
async fn values(world: &World) -> Vec<(String, Option<String>, Vec<i32>)> {
    let bins = |score: &Score| score.bins.iter().map(|bin| bin.bin).collect();
    let value = |score: Score| {
        let bins = bins(&score);
        (score.customer, score.score.map(|score| score.value), bins)
    };
    world.list("rfm").await.into_iter().map(value).collect()
}

/// What is listed is what computing it afresh gives.
async fn is_what_a_run_gives(world: &World, version: i64) {
    world.follow().await;
    let listed = world.list("rfm").await;
    assert!(listed.iter().all(|score| score.version == version), "{listed:?}");
    world.score(&["rfm"], AS_OF).await;
    assert_eq!(world.list("rfm").await, listed);
}

/// A follower has loaded the version before; meanwhile a run has been through everybody under
/// the next one.
#[tokio::test]
async fn a_follower_does_not_undo_what_a_run_did_under_a_newer_version() {
    each_database(async |test| {
        let world = scored(test).await;
        world.ingest("change", vec![large()]).await;
        let follower = follower(&Schedule::on(test)).await;
        let published = world.publish("rfm", AS_OF).await;
        assert_eq!(published.version, 2);
        assert_eq!(world.score(&["rfm"], AS_OF).await.state, RunState::Succeeded);
        follower.finish().await;
        is_what_a_run_gives(&world, 2).await;
    })
    .await;
}

/// A run has pinned the version before; meanwhile another has been through everybody under the
/// next one.
#[tokio::test]
async fn a_run_of_an_older_version_does_not_undo_one_of_a_newer() {
    each_database(async |test| {
        let world = scored(test).await;
        world.ingest("change", vec![large()]).await;
        let older = run(&Schedule::on(test)).await;
        world.publish("rfm", AS_OF).await;
        assert_eq!(world.score(&["rfm"], AS_OF).await.state, RunState::Succeeded);
        assert_eq!(older.finish().await, RunState::Succeeded);
        is_what_a_run_gives(&world, 2).await;
    })
    .await;
}

/// An order comes and is cancelled again. A run has read in between; the follower, that saw the
/// end, found nothing to write.
#[tokio::test]
async fn a_run_that_read_between_two_changes_does_not_win() {
    each_database(async |test| {
        let world = scored(test).await;
        let before = world.list("rfm").await;
        world.ingest("change", vec![large()]).await;
        let run = run(&Schedule::on(test)).await;
        world.ingest("back", vec![cancelled()]).await;
        world.follow().await;
        assert_eq!(world.list("rfm").await, before);
        assert_eq!(run.finish().await, RunState::Succeeded);
        assert_eq!(world.list("rfm").await, before);
        is_what_a_run_gives(&world, 1).await;
    })
    .await;
}

/// The same, with a follower that read in between and a run that saw the end.
#[tokio::test]
async fn a_follower_that_read_between_two_changes_does_not_win() {
    each_database(async |test| {
        let world = scored(test).await;
        let before = values(&world).await;
        world.ingest("change", vec![large()]).await;
        let follower = follower(&Schedule::on(test)).await;
        world.ingest("back", vec![cancelled()]).await;
        world.score(&["rfm"], AS_OF).await;
        assert_eq!(values(&world).await, before);
        follower.finish().await;
        is_what_a_run_gives(&world, 1).await;
        assert_eq!(values(&world).await, before);
    })
    .await;
}

/// A follower has written and not yet committed: whoever asks for a time since then waits for it,
/// and an answer that was given stays.
#[tokio::test]
async fn what_is_known_waits_for_a_follower_that_is_writing() {
    each_database(async |test| {
        let world = scored(test).await;
        let before = world.get("c03", "rfm", None, None).await.unwrap();
        world.ingest("change", vec![large()]).await;
        let mut follower = follower(&Schedule::on(test)).await;
        assert_eq!(follower.until(Point::Commit).await, Reached::There);
        let known = Some(now());
        let reader = World::on(Database::connect(&test.url).await.unwrap());
        let asked = tokio::spawn(async move {
            loop {
                // It says that what is known then is still being written: ask again.
                match reader.get("c03", "rfm", None, known).await {
                    Err(status) if status.code() == Code::Aborted => {}
                    answer => break (answer.unwrap(), reader),
                }
            }
        });
        follower.finish().await;
        let (answer, reader) = asked.await.unwrap();
        assert_ne!(answer.bins, before.bins, "it had begun before");
        world.ingest("back", vec![cancelled()]).await;
        world.follow().await;
        let back = world.get("c03", "rfm", None, None).await.unwrap();
        assert_eq!((&back.score, &back.bins), (&before.score, &before.bins));
        let again = reader.get("c03", "rfm", None, known).await.unwrap();
        assert_eq!((&again.score, &again.bins), (&answer.score, &answer.bins));
        let view = View { true_on: Some(day(AS_OF)), known_at: known };
        let page = PageRequest::first(20);
        let listed = scores::list(&world.db, "rfm", view, &page).await.unwrap().items;
        let customer = world.customer("c03").await;
        let then = listed.iter().find(|record| record.customer == customer).unwrap();
        let composite = answer.score.map(|score| score.value.parse().unwrap());
        assert_eq!(then.score.composite, composite);
    })
    .await;
}

/// Two writers of the same scores: the second waits for the first, and then has nothing to do.
#[tokio::test]
async fn two_followers_write_one_after_the_other() {
    each_database(async |test| {
        let world = scored(test).await;
        world.ingest("change", vec![large()]).await;
        let schedule = Schedule::on(test);
        let (mut first, mut second) = (follower(&schedule).await, follower(&schedule).await);
        assert_eq!(first.until(Point::Commit).await, Reached::There);
        assert_eq!(second.until(Point::Commit).await, Reached::Waits);
        tokio::join!(first.finish(), second.finish());
        is_what_a_run_gives(&world, 1).await;
    })
    .await;
}
