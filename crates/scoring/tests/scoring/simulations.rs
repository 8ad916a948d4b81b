//! What a version of a scorecard would change, before it does.

use std::collections::BTreeMap;

use kehu_contract::scoring::{
    GetSimulationRequest, PublishScorecardRequest, Score, Simulation, StartSimulationRequest,
    create_scorecard_request::Origin, scorecard_service_server::ScorecardService,
};
use kehu_tests::{date, each_database};
use tonic::{Code, Request, Status};
use tonic_types::StatusExt;

use crate::world::{World, sale};

const DAY: &str = "2011-12-10";

async fn start(world: &World, request: StartSimulationRequest) -> Result<String, Status> {
    let started = world.scoring.start_simulation(Request::new(request)).await?.into_inner();
    let name = started.run.unwrap().name;
    world.carry_out(name.strip_prefix("runs/").unwrap().parse().unwrap()).await;
    Ok(name)
}

async fn get(world: &World, run: &str) -> Result<Simulation, Status> {
    let request = GetSimulationRequest { run: run.to_owned() };
    let answer = world.scoring.get_simulation(Request::new(request)).await?;
    Ok(answer.into_inner().simulation.unwrap())
}

async fn simulate(world: &World) -> Simulation {
    let name = "value".to_owned();
    let run = start(world, StartSimulationRequest { name, ..Default::default() }).await.unwrap();
    get(world, &run).await.unwrap()
}

async fn publish(world: &World, simulation: &str, day: &str) -> Result<(), Status> {
    let request = PublishScorecardRequest {
        name: "value".to_owned(),
        calibration_date: date(day),
        simulation: simulation.to_owned(),
        ..Default::default()
    };
    world.scoring.publish_scorecard(Request::new(request)).await.map(|_| ())
}

/// The template with the weights of its first two indicators exchanged.
async fn draft(world: &World) {
    let template = world.create(Origin::Template("value".to_owned())).await.unwrap();
    let mut card = template.definition.unwrap();
    let first = card.indicators[0].weight.clone();
    card.indicators[0].weight = card.indicators[1].weight.clone();
    card.indicators[1].weight = first;
    world.create(Origin::Definition(card)).await.unwrap();
}

fn why(status: &Status) -> String {
    assert_eq!(status.code(), Code::FailedPrecondition);
    let details = status.get_details_precondition_failure().unwrap();
    details.violations[0].r#type.clone()
}

/// Grade before and after, and how many.
fn moves(simulation: &Simulation) -> BTreeMap<(String, String), i64> {
    let moves = simulation.moves.iter();
    moves.map(|it| ((it.from_grade.clone(), it.to_grade.clone()), it.customers)).collect()
}

fn composite(score: &Score) -> String {
    score.score.clone().map(|score| score.value).unwrap_or_default()
}

#[tokio::test]
async fn a_simulation_says_what_publishing_then_does() {
    each_database(async |test| {
        let world = World::with_orders(test).await;
        draft(&world).await;
        let first = simulate(&world).await;
        assert_eq!((first.base_version, first.before, first.moved_count), (0, None, 12));

        world.publish("value", DAY).await;
        world.score(&["value"], DAY).await;
        let before = world.list("value").await;
        draft(&world).await;
        let simulation = simulate(&world).await;
        assert_eq!((simulation.version, simulation.base_version), (2, 1));
        assert_eq!((simulation.stale_reason.as_str(), simulation.customer_count), ("", 12));
        assert_eq!(world.list("value").await, before, "nobody's score changes");

        publish(&world, &simulation.run, DAY).await.unwrap();
        world.score(&["value"], DAY).await;
        let after = world.list("value").await;
        let mut counted: BTreeMap<(String, String), i64> = BTreeMap::new();
        let mut changed = Vec::new();
        for (before, after) in before.iter().zip(&after) {
            assert_eq!((&before.customer, after.version), (&after.customer, 2));
            *counted.entry((before.grade.clone(), after.grade.clone())).or_default() += 1;
            if before.score != after.score {
                changed.push((after.customer.clone(), composite(before), composite(after)));
            }
        }
        assert_eq!(moves(&simulation), counted);
        assert!(!changed.is_empty());
        let named = simulation.movers.iter().map(|it| {
            let value = |it: &Option<_>| it.clone().map_or_else(String::new, value);
            (it.customer.clone(), value(&it.from_composite), value(&it.to_composite))
        });
        let mut named: Vec<_> = named.collect();
        named.sort();
        changed.sort();
        assert_eq!(named, changed);
        let sum: i64 = simulation.grades.iter().map(|grade| grade.customers).sum();
        assert_eq!((sum, simulation.after.unwrap().scored_count), (12, 12));
    })
    .await;
}

fn value(number: kehu_contract::google::r#type::Decimal) -> String {
    number.value
}

#[tokio::test]
async fn publishing_rests_on_what_has_not_changed() {
    each_database(async |test| {
        let world = World::with_orders(test).await;
        let needs =
            World { scoring: world.scoring.clone().publish_needs_simulation(true), ..world };
        draft(&needs).await;
        assert_eq!(why(&publish(&needs, "", DAY).await.unwrap_err()), "DRAFT_SIMULATED");

        let simulation = simulate(&needs).await;
        let another_day = publish(&needs, &simulation.run, "2011-12-09").await.unwrap_err();
        assert_eq!(why(&another_day), "SIMULATION_HOLDS");

        needs.ingest("second", vec![sale("c01", "n1", "2011-12-05", 10)]).await;
        let stale = get(&needs, &simulation.run).await.unwrap().stale_reason;
        assert!(stale.starts_with("data have changed"), "{stale}");
        let refused = publish(&needs, &simulation.run, DAY).await.unwrap_err();
        assert_eq!(why(&refused), "SIMULATION_HOLDS");

        let simulation = simulate(&needs).await;
        draft(&needs).await;
        let refused = publish(&needs, &simulation.run, DAY).await.unwrap_err();
        assert!(refused.message().contains("draft has changed"), "{refused:?}");

        let simulation = simulate(&needs).await;
        publish(&needs, &simulation.run, DAY).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_simulated_is_said() {
    each_database(async |test| {
        let world = World::with_orders(test).await;
        world.publish("value", DAY).await;
        let request = |version, base_version, day| StartSimulationRequest {
            name: "value".to_owned(),
            version,
            base_version,
            as_of_date: date(day),
            ..Default::default()
        };
        for (request, code) in [
            (request(1, 1, DAY), Code::InvalidArgument),
            (request(7, 0, DAY), Code::NotFound),
            (request(0, 7, DAY), Code::NotFound),
            (request(-1, 0, DAY), Code::InvalidArgument),
            (request(0, 0, "2011-12-11"), Code::InvalidArgument),
        ] {
            let refused = start(&world, request.clone()).await.unwrap_err();
            assert_eq!(refused.code(), code, "{request:?} {refused:?}");
        }
        let scored = world.score(&["value"], DAY).await.run_id;
        for run in [format!("runs/{scored}"), "runs/999".to_owned()] {
            assert_eq!(get(&world, &run).await.unwrap_err().code(), Code::NotFound, "{run}");
        }
        // Of nobody there is nothing to calibrate with: the run fails and says so.
        let nobody = start(&world, request(0, 0, "2009-01-01")).await.unwrap();
        let simulation = get(&world, &nobody).await.unwrap();
        assert_eq!(simulation.customer_count, 0);
        draft(&world).await;
        let nobody = start(&world, request(0, 0, "2009-01-01")).await.unwrap();
        assert_eq!(why(&get(&world, &nobody).await.unwrap_err()), "SIMULATION_SUCCEEDED");
    })
    .await;
}
