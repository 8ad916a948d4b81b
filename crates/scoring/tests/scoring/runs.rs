//! Runs: pinned versions, resuming, letting go, repeating.

use std::time::Duration;

use kehu_contract::scoring::{
    GetFeaturesRequest, create_scorecard_request::Origin, feature_service_server::FeatureService,
};
use kehu_contract::shared::value::Kind as ValueKind;
use kehu_core::scorecard::Scorecard;
use kehu_server::{clock, names};
use kehu_storage::change_log::{self, Position, Topic};
use kehu_storage::definitions;
use kehu_storage::run::{self, Cut, Kind, NewRun, Run, RunState};
use kehu_storage::scoring::scores;
use kehu_tests::background::{self, Then};
use kehu_tests::{day, each_database};
use tonic::Request;

use crate::world::{World, sale};

const SCORING: Kind = Kind { name: "scoring", cut: Cut::Ranges, after: &[] };

/// Who appears after a run was cut is not of it: the follower scores them.
#[tokio::test]
async fn newcomers_are_left_to_the_follower() {
    each_database(async |test| {
        let world = World::with_orders(test).await;
        world.publish("rfm", "2011-12-10").await;
        world.follow().await;
        let run_id = start(&world, 5).await.run_id;
        let jobs = world.scoring.jobs();
        background::carry_out_one_partition(&world.db, jobs, run_id, Then::Stop).await;
        world.ingest("second", vec![sale("c13", "n1", "2011-12-05", 10)]).await;
        let run = world.carry_out(run_id).await;
        assert_eq!((run.state, run.done, run.total), (RunState::Succeeded, 12, 12));
        assert_eq!(world.list("rfm").await.len(), 12);
        world.follow().await;
        assert_eq!(world.list("rfm").await.len(), 13);
    })
    .await;
}

/// A run freezes the prices that its scorecards judge by: what turns out later to have been bought
/// by others moves nobody, until the next run.
#[tokio::test]
async fn a_run_freezes_what_others_paid() {
    each_database(async |test| {
        let world = World::new(test).await;
        let tea = |customer: &str, id: &str, pounds| {
            let mut order = sale(customer, id, "2011-10-05", pounds);
            order.lines[0].category = Some("tea".to_owned());
            order
        };
        world.ingest("first", vec![tea("c1", "1", 2), tea("c2", "2", 4)]).await;
        let card = world.create(Origin::Template("rfm-mean".to_owned())).await.unwrap();
        let mut card = card.definition.unwrap();
        card.id = "level".to_owned();
        card.indicators[0].feature = "price_level".to_owned();
        world.create(Origin::Definition(card)).await.unwrap();
        world.publish_draft("level", "2011-12-10").await;
        world.score(&["level"], "2011-12-10").await;
        let cheap = vec![tea("c3", "3", 1), tea("c3", "4", 1)];
        world.ingest("second", cheap).await;
        assert_eq!(price_level(&world, "c1").await, "0.25");
        world.score(&["level"], "2011-12-10").await;
        assert_eq!(price_level(&world, "c1").await, "0.625");
    })
    .await;
}

async fn price_level(world: &World, customer: &str) -> String {
    let request = GetFeaturesRequest {
        customer: names::customer(world.customer(customer).await),
        as_of_date: kehu_tests::date("2011-12-10"),
        features: vec!["price_level".to_owned()],
    };
    let response = world.scoring.get_features(Request::new(request)).await.unwrap();
    let value = response.into_inner().values.remove(0).value.unwrap().kind;
    match value {
        Some(ValueKind::Number(level)) => level.value,
        other => panic!("{other:?}"),
    }
}

/// A run under `rfm` as of 2011-12-10 with partitions of this size.
async fn start(world: &World, partition: u32) -> Run {
    let new = NewRun {
        kind: SCORING,
        request: r#"[1,1,{"scorecards":["rfm"]}]"#.to_owned(),
        as_of: Some(day("2011-12-10")),
        partition_size: Some(partition),
        request_id: None,
        caller: None,
    };
    run::start(&world.db, &new, clock::now()).await.unwrap()
}

#[tokio::test]
async fn a_repeated_run_writes_nothing() {
    each_database(async |test| {
        let world = World::with_orders(test).await;
        world.publish("rfm", "2011-12-10").await;
        world.publish("abc", "2011-12-10").await;
        world.score(&[], "2011-12-10").await;
        let scores = [world.list("rfm").await, world.list("abc").await];
        let changes =
            change_log::read(&world.db, Topic::Scores, Position::START, 100).await.unwrap();
        assert_eq!(changes.len(), 1);
        assert_eq!(changes[0].customers.len(), 12);
        assert_eq!(changes[0].as_of, Some(day("2011-12-10")));

        let run = world.score(&[], "2011-12-10").await;
        assert_eq!((run.state, run.done), (RunState::Succeeded, 12));
        assert_eq!([world.list("rfm").await, world.list("abc").await], scores);
        let again = change_log::read(&world.db, Topic::Scores, Position::START, 100).await.unwrap();
        assert_eq!(again, changes);
    })
    .await;
}

#[tokio::test]
async fn a_run_goes_on_where_a_dead_worker_stopped() {
    each_database(async |test| {
        let world = World::with_orders(test).await;
        world.publish("rfm", "2011-12-10").await;
        let run_id = start(&world, 5).await.run_id;
        // A worker that dies after its first partition, which here wrote nothing: whoever does
        // that partition again is found out.
        let versions = definitions::in_force::<Scorecard>(&world.db, &["rfm"]).await.unwrap();
        scores::pin(&world.db, run_id, day("2011-12-10"), &versions).await.unwrap();
        let lease = async || {
            let ttl = Duration::from_millis(1);
            let leased = run::lease(&world.db, run_id, &SCORING, "dead", clock::now(), ttl).await;
            leased.unwrap().unwrap().1
        };
        run::cut(&world.db, &lease().await, SCORING.cut, 9).await.unwrap();
        let first = lease().await;
        let transaction = world.db.begin().await.unwrap();
        run::finish_partition(&transaction, &first, 5, 0).await.unwrap();
        transaction.commit().await.unwrap();
        lease().await;
        world.publish("rfm", "2011-12-09").await;

        let run = world.carry_out(run_id).await;
        assert_eq!((run.state, run.attempt), (RunState::Succeeded, 2));
        assert_eq!((run.done, run.total), (12, 12));
        let scores = world.list("rfm").await;
        assert_eq!(scores.len(), 7, "the first partition is not done again");
        assert!(
            scores
                .iter()
                .all(|score| (score.scorecard.as_str(), score.version) == ("scorecards/rfm", 1))
        );
    })
    .await;
}

#[tokio::test]
async fn a_run_that_is_let_go_stops_between_partitions() {
    each_database(async |test| {
        let world = World::with_orders(test).await;
        world.publish("rfm", "2011-12-10").await;
        let run_id = start(&world, 1).await.run_id;
        let jobs = world.scoring.jobs();
        background::carry_out_one_partition(&world.db, jobs, run_id, Then::Stop).await;
        let run = run::get(&world.db, run_id).await.unwrap();
        assert_eq!((run.state, run.total), (RunState::Queued, 12));
        // It is told while it works on the second, at the latest.
        assert!((1..12).contains(&run.done), "{}", run.done);
        assert_eq!(world.list("rfm").await, [], "nobody sees it before it is complete");

        let run = world.carry_out(run_id).await;
        assert_eq!((run.state, run.attempt, run.done), (RunState::Succeeded, 1, 12));
        assert_eq!(world.list("rfm").await.len(), 12);
    })
    .await;
}
