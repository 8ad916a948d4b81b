//! What moves by date alone.

use kehu_contract::scoring::{ExplainScoreRequest, scoring_service_server::ScoringService};
use kehu_storage::change_log::{self, Position, Topic};
use kehu_tests::{date, day, each_database, shop};
use tonic::Request;

use crate::world::World;

/// The values that the scores of all customers rest on, on a date.
async fn explained(world: &World, on: &str) -> Vec<kehu_contract::scoring::ExplainScoreResponse> {
    let mut explained = Vec::new();
    for customer in 1..=12 {
        let request = ExplainScoreRequest {
            customer: world.customer(&format!("c{customer:02}")).await.to_string(),
            scorecard: "rfm".to_owned(),
            true_on_date: date(on),
            ..Default::default()
        };
        let answer = world.scoring.explain_score(Request::new(request)).await.unwrap();
        let mut answer = answer.into_inner();
        // When it was recorded, by which run, and of which state is not what is compared.
        answer.freshness_token.clear();
        if let Some(score) = &mut answer.score {
            assert_eq!(score.as_of_date, date(on));
            (score.record_time, score.supersede_time, score.run) = (None, None, String::new());
        }
        explained.push(answer);
    }
    explained
}

#[tokio::test]
async fn a_day_without_events_is_answered_for_exactly() {
    each_database(async |test| {
        let world = World::with_orders(test).await;
        world.publish("rfm", "2011-12-10").await;
        world.score(&["rfm"], "2011-12-10").await;
        let scores = async || {
            let changes =
                change_log::read(&world.db, Topic::Scores, Position::START, 1_000).await.unwrap();
            changes.iter().map(|change| change.customers.len()).sum::<usize>()
        };
        assert_eq!((scores().await, world.pass_days().await), (12, vec![]));
        let days = ["2011-12-11", "2011-12-12", "2011-12-14"];
        for on in days {
            shop::fix_business_date(&world.db, day(on)).await;
            assert_eq!(world.pass_days().await, [day(on)]);
            assert_eq!(world.pass_days().await, [], "nothing is due any more");
        }
        assert!(scores().await < 2 * 12, "most scores go on as they were");

        // The same days computed in a fresh database.
        let fresh = kehu_tests::databases().await;
        let fresh = fresh.iter().find(|fresh| fresh.kind == test.kind).unwrap();
        let recomputed = World::with_orders(fresh).await;
        recomputed.publish("rfm", "2011-12-10").await;
        for on in days {
            shop::fix_business_date(&recomputed.db, day(on)).await;
            recomputed.score(&["rfm"], on).await;
            assert_eq!(explained(&world, on).await, explained(&recomputed, on).await, "{on}");
        }
        let between = world.get("c05", "rfm", Some("2011-12-13"), None).await.unwrap();
        assert_eq!(between.as_of_date, date("2011-12-12"), "nobody was evaluated for that day");
    })
    .await;
}

#[tokio::test]
async fn a_run_beyond_the_business_date_is_refused() {
    each_database(async |test| {
        let world = World::with_orders(test).await;
        world.publish("rfm", "2011-12-10").await;
        let request = kehu_contract::scoring::StartScoringRequest {
            as_of_date: date("2011-12-11"),
            ..Default::default()
        };
        let status = world.scoring.start_scoring(Request::new(request)).await.unwrap_err();
        assert_eq!(status.code(), tonic::Code::InvalidArgument, "{status}");
        let request = kehu_contract::scoring::StartScoringRequest::default();
        let run = world.scoring.start_scoring(Request::new(request)).await.unwrap();
        assert_eq!(run.into_inner().run.unwrap().as_of_date, date("2011-12-10"));
    })
    .await;
}
