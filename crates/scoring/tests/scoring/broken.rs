//! A scorecard that cannot score any more: the others go on.

use kehu_contract::scoring::{
    ListScorecardsRequest, ListScorecardsResponse, scorecard_service_server::ScorecardService,
};
use kehu_storage::{Database, run::RunState};
use kehu_tests::{TestDatabase, day, each_database, shop};
use sea_orm::ConnectionTrait;
use tonic::Request;

use crate::world::{World, sale};

/// Two scorecards are in force, and a feature that one of them reads is gone.
async fn half_broken(test: &TestDatabase) -> World {
    let world = World::with_orders(test).await;
    for id in ["rfm", "value"] {
        world.publish(id, "2011-12-10").await;
        world.score(&[id], "2011-12-10").await;
    }
    world.follow().await;
    let transaction = world.db.begin().await.unwrap();
    let sql = "UPDATE definition_version SET document = \
               REPLACE(document, 'recency_days', 'no_such_feature') WHERE definition_id = 'rfm'";
    transaction.execute_unprepared(sql).await.unwrap();
    transaction.commit().await.unwrap();
    // Another process: in this one what was published is in memory.
    World::on(Database::connect(&test.url).await.unwrap())
}

#[tokio::test]
async fn the_others_are_scored_by_followers_runs_and_each_day() {
    each_database(async |test| {
        let world = half_broken(test).await;
        world.ingest("new", vec![sale("c13", "n1", "2011-12-05", 10)]).await;
        world.follow().await;
        assert!(world.get("c13", "value", None, None).await.is_ok());
        assert!(world.get("c13", "rfm", None, None).await.is_err());

        let all = world.score(&[], "2011-12-10").await;
        assert_eq!((all.state, all.done), (RunState::Succeeded, 13));
        let named = world.score(&["rfm"], "2011-12-10").await;
        assert_eq!(named.state, RunState::Failed, "who names it is told");

        shop::fix_business_date(&world.db, day("2011-12-11")).await;
        assert_eq!(world.pass_days().await, [day("2011-12-11")]);
        assert!(world.get("c13", "value", Some("2011-12-11"), None).await.is_ok());
    })
    .await;
}

#[tokio::test]
async fn the_list_says_what_is_wrong_with_it() {
    each_database(async |test| {
        let world = half_broken(test).await;
        let request = Request::new(ListScorecardsRequest::default());
        let ListScorecardsResponse { scorecards, .. } =
            world.scoring.list_scorecards(request).await.unwrap().into_inner();
        let reasons: Vec<_> =
            scorecards.iter().map(|one| (one.name.as_str(), one.broken_reason.as_str())).collect();
        let why = "version 1 of it cannot score: there is no feature no_such_feature";
        assert_eq!(reasons, [("scorecards/rfm", why), ("scorecards/value", "")]);
    })
    .await;
}
