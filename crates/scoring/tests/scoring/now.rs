//! Scores that nobody keeps.

use kehu_contract::google::r#type::Decimal;
use kehu_contract::scoring::{
    FeatureValue, ScoreNowRequest, ScoreNowResponse, create_scorecard_request::Origin,
    scoring_service_server::ScoringService,
};
use kehu_contract::shared::{Value, value::Kind};
use kehu_server::names;
use kehu_tests::{date, each_database};
use tonic::{Code, Request, Status};

use crate::world::{World, sale};

const DAY: &str = "2011-12-10";

async fn now(world: &World, request: ScoreNowRequest) -> Result<ScoreNowResponse, Status> {
    Ok(world.scoring.score_now(Request::new(request)).await?.into_inner())
}

fn request(customer: String, values: Vec<FeatureValue>) -> ScoreNowRequest {
    let scorecard = "value".to_owned();
    ScoreNowRequest { scorecard, customer, values, ..Default::default() }
}

fn stated(feature: &str, kind: Option<Kind>) -> FeatureValue {
    FeatureValue { feature: feature.to_owned(), value: Some(Value { kind }) }
}

fn number(feature: &str, value: &str) -> FeatureValue {
    stated(feature, Some(Kind::Number(Decimal { value: value.to_owned() })))
}

#[tokio::test]
async fn it_is_the_score_that_a_run_would_record() {
    each_database(async |test| {
        let world = World::with_orders(test).await;
        world.publish("value", DAY).await;
        world.score(&["value"], DAY).await;
        for score in world.list("value").await {
            let explained = world.explain(&score.customer, "value").await;
            let found = now(&world, request(score.customer.clone(), Vec::new())).await.unwrap();
            assert_eq!(found.contributions, explained.contributions);
            let found = found.score.unwrap();
            assert_eq!(
                (&found.score, &found.grade, &found.bins, found.version, found.as_of_date),
                (&score.score, &score.grade, &score.bins, score.version, date(DAY))
            );
            assert_eq!((found.record_time, found.run.as_str()), (None, ""));
        }
        // What has just come counts at once, and nothing is written.
        let before = world.list("value").await;
        world.ingest("second", vec![sale("c01", "n1", "2011-12-09", 9_000)]).await;
        let customer = names::customer(world.customer("c01").await);
        let found = now(&world, request(customer.clone(), Vec::new())).await.unwrap();
        let held = before.iter().find(|score| score.customer == customer).unwrap();
        assert_ne!(found.score.unwrap().score, held.score);
        assert_eq!(world.list("value").await, before);
    })
    .await;
}

#[tokio::test]
async fn stated_values_count_instead_of_measured_ones() {
    each_database(async |test| {
        let world = World::with_orders(test).await;
        world.publish("value", DAY).await;
        let customer = names::customer(world.customer("c01").await);
        let more = vec![number("amount_365d", "100000"), number("orders_365d", "50")];
        let alone = now(&world, request(customer.clone(), Vec::new())).await.unwrap();
        let richer = now(&world, request(customer, more.clone())).await.unwrap();
        let bins = |answer: &ScoreNowResponse| {
            let bins = &answer.score.as_ref().unwrap().bins;
            bins.iter().map(|bin| bin.bin).collect::<Vec<_>>()
        };
        assert_eq!(bins(&richer)[..2], [10, 10]);
        assert_eq!(bins(&richer)[2..], bins(&alone)[2..]);

        // Of nobody who is kept what is not stated is missing; recency must be there.
        let nobody = now(&world, request(String::new(), more.clone())).await.unwrap();
        assert_eq!(nobody.score.unwrap().score, None);
        let more = [more, vec![number("recency_days", "1")]].concat();
        let nobody = now(&world, request(String::new(), more)).await.unwrap();
        let score = nobody.score.unwrap();
        assert_eq!((score.customer.as_str(), score.grade.as_str()), ("", "A"));
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_scored_is_said() {
    each_database(async |test| {
        let world = World::with_orders(test).await;
        let nobody = || request(String::new(), Vec::new());
        assert_eq!(now(&world, nobody()).await.unwrap_err().code(), Code::NotFound);
        world.create(Origin::Template("value".to_owned())).await.unwrap();
        let draft = now(&world, nobody()).await.unwrap_err();
        assert_eq!(draft.code(), Code::FailedPrecondition);
        world.publish_draft("value", DAY).await;
        let text = stated("amount_365d", Some(Kind::Text("a lot".to_owned())));
        for (values, field) in [
            (vec![number("no_such_feature", "1")], "values[0].feature"),
            (vec![number("amount_365d", "1"), number("amount_365d", "2")], "values[1].value"),
            (vec![text], "values[0].value"),
            (vec![number("amount_365d", "1e")], "values[0].value.number"),
        ] {
            let refused = now(&world, request(String::new(), values)).await.unwrap_err();
            assert_eq!(refused.code(), Code::InvalidArgument);
            assert!(refused.message().contains(field), "{refused:?}");
        }
        let unknown = request("customers/999".to_owned(), Vec::new());
        assert_eq!(now(&world, unknown).await.unwrap_err().code(), Code::NotFound);
    })
    .await;
}
