//! Scores, their explanation, and their two time axes.

use kehu_contract::scoring::{
    BatchGetScoresRequest, GetFeaturesRequest, ListFeaturesRequest, ListScoresRequest, Score,
    StartScoringRequest, feature_service_server::FeatureService,
    scoring_service_server::ScoringService,
};
use kehu_core::scorecard::templates;
use kehu_server::{clock, convert, names};
use kehu_storage::ingestion::{Entry, find_reference};
use kehu_storage::run::RunState;
use kehu_tests::{date, each_database, shop};
use rust_decimal::Decimal;
use tonic::{Code, Request};

use crate::world::{World, sale};

fn exact(number: Option<&kehu_contract::google::r#type::Decimal>) -> Decimal {
    number.map_or(Decimal::ZERO, |number| number.value.parse().unwrap())
}

#[tokio::test]
async fn contributions_sum_to_the_score() {
    each_database(async |test| {
        let world = World::with_orders(test).await;
        let ids: Vec<_> = templates().into_iter().map(|card| card.id).collect();
        for id in &ids {
            world.publish(id, "2011-12-10").await;
        }
        let run = world.score(&[], "2011-12-10").await;
        assert_eq!((run.state, run.done, run.total), (RunState::Succeeded, 12, 12));
        assert_eq!(run.phase, "scores");
        for id in &ids {
            let listed = world.list(id).await;
            assert_eq!(listed.len(), 12);
            for score in listed {
                let explained = world.explain(&score.customer, id).await;
                let parts = explained.contributions.iter();
                let sum: Decimal = parts.map(|part| exact(part.contribution.as_ref())).sum();
                assert_eq!(sum, exact(score.score.as_ref()), "{id} {}", score.customer);
                let alone = Score { customer_summary: None, ..score.clone() };
                assert_eq!(explained.score, Some(alone));
                assert_eq!(score.run, format!("runs/{}", run.run_id));
            }
        }
        let best = world.get("c11", "rfm", None, None).await.unwrap();
        let worst = world.get("c01", "rfm", None, None).await.unwrap();
        assert!(exact(best.score.as_ref()) > exact(worst.score.as_ref()));
        assert_eq!(best.bins.iter().map(|bin| bin.bin).max(), Some(5));
        assert_eq!(world.get("c11", "abc", None, None).await.unwrap().grade, "A");
    })
    .await;
}

#[tokio::test]
async fn an_explanation_names_what_was_missing() {
    each_database(async |test| {
        let world = World::with_orders(test).await;
        world.publish("rfm", "2011-12-10").await;
        let free = sale("c13", "o13", "2011-12-09", 0);
        let later = sale("c14", "o14", "2011-12-20", 5);
        world.ingest("late", vec![free, later]).await;
        world.score(&["rfm"], "2011-12-10").await;
        let not_yet = world.get("c14", "rfm", None, None).await.unwrap_err();
        assert_eq!(not_yet.code(), Code::NotFound, "not a customer on that date");
        let score = world.get("c13", "rfm", None, None).await.unwrap();
        assert_eq!((score.score, score.grade.as_str()), (None, ""));
        let explained = world.explain(&score.customer, "rfm").await;
        assert_eq!(explained.contributions[0].missing_policy, "failed");
        assert_eq!(explained.contributions[0].points, None);
    })
    .await;
}

#[tokio::test]
async fn a_score_stays_known_as_it_was() {
    each_database(async |test| {
        let world = World::with_orders(test).await;
        world.publish("rfm", "2011-12-10").await;
        world.score(&["rfm"], "2011-12-10").await;
        let before = clock::now();
        let old = world.get("c02", "rfm", None, None).await.unwrap();
        let others = world.list("rfm").await;

        world.ingest("more", vec![sale("c02", "new", "2011-12-09", 5_000)]).await;
        world.score(&["rfm"], "2011-12-10").await;
        let new = world.get("c02", "rfm", None, None).await.unwrap();
        assert!(exact(new.score.as_ref()) > exact(old.score.as_ref()));
        assert_eq!(new.as_of_date, old.as_of_date);
        let then = world.get("c02", "rfm", Some("2011-12-31"), Some(before)).await.unwrap();
        assert_eq!((&then.score, &then.bins), (&old.score, &old.bins));
        assert_eq!(then.supersede_time, new.record_time);
        let unchanged = world.list("rfm").await;
        assert_eq!(unchanged.iter().filter(|score| !others.contains(score)).count(), 1);

        let early = world.get("c02", "rfm", Some("2011-12-09"), None).await.unwrap_err();
        assert_eq!(early.code(), Code::NotFound);
    })
    .await;
}

#[tokio::test]
async fn features_are_those_of_the_date() {
    each_database(async |test| {
        let world = World::with_orders(test).await;
        let listed = world.scoring.list_features(Request::new(ListFeaturesRequest {})).await;
        let listed = listed.unwrap().into_inner().features;
        assert!(listed.is_sorted_by_key(|feature| (feature.group.clone(), feature.id.clone())));

        let mut request = GetFeaturesRequest {
            customer: world.customer("c01").await.to_string(),
            as_of_date: date("2011-12-10"),
            features: vec!["orders_total".to_owned(), "amount_total".to_owned()],
        };
        let found = world.scoring.get_features(Request::new(request.clone())).await.unwrap();
        let found = found.into_inner().values;
        let number =
            |text: &str| Some(convert::value(&kehu_core::Value::Number(text.parse().unwrap())));
        assert_eq!(
            found.iter().map(|one| &one.feature).collect::<Vec<_>>(),
            ["orders_total", "amount_total"]
        );
        assert_eq!((&found[0].value, &found[1].value), (&number("1"), &number("10")));

        request.features.clear();
        let all = world.scoring.get_features(Request::new(request.clone())).await.unwrap();
        let all = all.into_inner().values;
        // What is sensitive has no value without a basis on which it is processed.
        let usable = listed.iter().filter(|feature| feature.unusable_reason.is_empty());
        assert!(all.iter().map(|one| &one.feature).eq(usable.map(|feature| &feature.id)));

        request.features = vec!["no_such_feature".to_owned()];
        let status = world.scoring.get_features(Request::new(request.clone())).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument);
        request.features.clear();
        request.customer = "customers/999999".to_owned();
        let status = world.scoring.get_features(Request::new(request)).await.unwrap_err();
        assert_eq!(status.code(), Code::NotFound);
    })
    .await;
}

#[tokio::test]
async fn what_does_not_exist_is_refused() {
    each_database(async |test| {
        let world = World::with_orders(test).await;
        let start = async |ids: &[&str], request_id: &str| {
            let request = StartScoringRequest {
                scorecards: ids.iter().map(|id| (*id).to_owned()).collect(),
                as_of_date: date("2011-12-10"),
                request_id: request_id.to_owned(),
            };
            let response = world.scoring.start_scoring(Request::new(request)).await;
            response.map(|response| response.into_inner().run.unwrap().name)
        };
        let code = |result: Result<String, tonic::Status>| result.unwrap_err().code();
        assert_eq!(code(start(&[], "").await), Code::FailedPrecondition);
        assert_eq!(code(start(&["rfm"], "").await), Code::NotFound);
        assert_eq!(code(start(&["RFM", "x", "x"], "no").await), Code::InvalidArgument);
        let origin =
            kehu_contract::scoring::create_scorecard_request::Origin::Template("rfm".into());
        world.create(origin).await.unwrap();
        assert_eq!(code(start(&["rfm"], "").await), Code::FailedPrecondition);
        world.publish("rfm", "2011-12-10").await;
        let id = "6f1e2a34-0b5c-4d7e-8f90-123456789abc";
        let first = start(&["rfm"], id).await.unwrap();
        world.publish("rfm", "2011-12-09").await;
        assert_eq!(start(&["rfm"], id).await.unwrap(), first);
        assert_eq!(code(start(&[], id).await), Code::AlreadyExists);

        let missing = world.get("c01", "nothing", None, None).await.unwrap_err();
        assert_eq!(missing.code(), Code::NotFound);
        let list = ListScoresRequest { scorecard: "nothing".to_owned(), ..Default::default() };
        let missing = world.scoring.list_scores(Request::new(list)).await.unwrap_err();
        assert_eq!(missing.code(), Code::NotFound);
    })
    .await;
}

/// Ten customers of two sources who bring the same, loaded forwards and backwards.
#[tokio::test]
async fn equal_customers_have_the_same_grades_in_whatever_order_they_were_loaded() {
    for backwards in [false, true] {
        each_database(async |test| {
            let world = World::new(test).await;
            let mut sources = ["crm", "web"];
            let mut keys = ["c1", "c2", "c3", "c4", "c5"];
            if backwards {
                sources.reverse();
                keys.reverse();
            }
            for source in sources {
                let sales = keys.map(|key| Entry::Order(sale(key, key, "2011-11-01", 10)));
                shop::ingest_from(&world.db, source, source, sales.into(), clock::now()).await;
            }
            let published = world.publish("abc", "2011-12-10").await;
            let ends = published.grade_boundaries.iter();
            let ends: Vec<_> = ends
                .map(|one| format!("{} {}/{}", one.grade, one.source, one.external_id))
                .collect();
            assert_eq!(ends, ["A web/c3", "B web/c5"], "loaded backwards: {backwards}");
            world.score(&["abc"], "2011-12-10").await;
            let mut grades = Vec::new();
            let scores = world.list("abc").await;
            for (source, key) in sources.iter().flat_map(|one| keys.map(|key| (*one, key))) {
                let customer = find_reference(&world.db, source, key).await.unwrap().unwrap();
                let name = names::customer(customer);
                let score = scores.iter().find(|score| score.customer == name).unwrap();
                grades.push(format!("{source}/{key} {}", score.grade));
            }
            grades.sort_unstable();
            let found: String = grades.iter().map(|grade| &grade[grade.len() - 1..]).collect();
            assert_eq!(found, "AAAAAAAABB", "loaded backwards: {backwards}: {grades:?}");
        })
        .await;
    }
}

#[tokio::test]
async fn scores_are_chosen_by_a_predicate_and_read_together() {
    each_database(async |test| {
        let world = World::new(test).await;
        let sales = (1..=5).map(|n| sale(&format!("c{n}"), &format!("o{n}"), "2011-11-01", n * 10));
        let sales = sales.map(Entry::Order).collect();
        shop::ingest_from(&world.db, "crm", "crm", sales, clock::now()).await;
        world.publish("abc", "2011-12-10").await;
        world.score(&["abc"], "2011-12-10").await;
        let all = world.list("abc").await;
        let list = async |filter: &str| {
            let request = ListScoresRequest {
                scorecard: "abc".to_owned(),
                filter: filter.to_owned(),
                true_on_date: date("2011-12-10"),
                ..Default::default()
            };
            world
                .scoring
                .list_scores(Request::new(request))
                .await
                .map(|page| page.into_inner().scores)
        };
        let of = |count: usize| all[all.len() - count..].to_vec();
        let plain = |scores: Vec<Score>| -> Vec<Score> {
            scores.into_iter().map(|score| Score { customer_summary: None, ..score }).collect()
        };
        for (filter, count) in [
            ("amount_total >= 30", 3),
            ("grade = 'A' AND amount_total = 50", 1),
            ("score > 1000", 0),
        ] {
            assert_eq!(plain(list(filter).await.unwrap()), plain(of(count)), "{filter}");
        }
        assert!(all.iter().all(|score| score.customer_summary.is_some()), "nobody signs on here");
        assert_eq!(list("amount_totl > 1").await.unwrap_err().code(), Code::InvalidArgument);

        let names =
            vec![all[3].customer.clone(), "customers/99".to_owned(), all[0].customer.clone()];
        let request = BatchGetScoresRequest {
            scorecard: "abc".to_owned(),
            customers: names,
            true_on_date: date("2011-12-10"),
            ..Default::default()
        };
        let found =
            world.scoring.batch_get_scores(Request::new(request)).await.unwrap().into_inner();
        assert_eq!(found.scores, plain(vec![all[3].clone(), all[0].clone()]));
        assert_eq!(found.missing_customers, ["customers/99"]);
        let none = BatchGetScoresRequest { scorecard: "abc".to_owned(), ..Default::default() };
        let refused = world.scoring.batch_get_scores(Request::new(none)).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument);
    })
    .await;
}
