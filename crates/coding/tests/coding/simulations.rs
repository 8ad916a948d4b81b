//! What a version of a taxonomy would change: counted of everybody, against the data there are.

use kehu_contract::coding::{
    CodeScheme, GetSimulationRequest, PublishTaxonomyRequest, Recoding, RollBackTaxonomyRequest,
    Simulation, StartSimulationRequest, Taxonomy, TaxonomyDefinition,
    create_taxonomy_request::Origin, taxonomy_service_server::TaxonomyService,
};
use kehu_contract::google::r#type::Money;
use kehu_storage::run::RunState;
use kehu_tests::{date, day, each_database, shop};
use tonic::{Code, Request, Status};

use crate::codes::scheme;
use crate::world::{World, class, number, sale, size, taxonomy, violations};

const AS_OF: &str = "2011-12-10";

/// The taxonomy `size`, with other lines.
fn lines(large: i64, middle: i64) -> TaxonomyDefinition {
    let mut definition = size();
    definition.classes[0].predicate = format!("orders_total >= {large}");
    definition.classes[1].predicate = format!("orders_total >= {middle}");
    definition
}

async fn start(world: &World, versions: (i64, i64)) -> Result<i64, Status> {
    let request = StartSimulationRequest {
        name: "size".to_owned(),
        base_version: versions.0,
        version: versions.1,
        as_of_date: date(AS_OF),
        request_id: String::new(),
    };
    let response = world.coding.start_simulation(Request::new(request)).await?;
    Ok(number(&response.into_inner().run.unwrap().name))
}

async fn get(world: &World, run: i64) -> Result<Simulation, Status> {
    let request = Request::new(GetSimulationRequest { run: run.to_string() });
    let response = TaxonomyService::get_simulation(&world.coding, request).await?;
    Ok(response.into_inner().simulation.unwrap())
}

/// What simulating a version against a base comes to; 0 and 0 is the draft against what is in force.
async fn simulate(world: &World, versions: (i64, i64)) -> Simulation {
    let run = start(world, versions).await.unwrap();
    let ended = world.carry_out(run).await;
    assert_eq!(ended.state, RunState::Succeeded, "{ended:?}");
    get(world, run).await.unwrap()
}

async fn publish_by(world: &World, simulation: &str) -> Result<Taxonomy, Status> {
    let request = PublishTaxonomyRequest {
        name: "size".to_owned(),
        simulation: simulation.to_owned(),
        ..Default::default()
    };
    let response = world.coding.publish_taxonomy(Request::new(request)).await?;
    Ok(response.into_inner().taxonomy.unwrap())
}

fn pounds(units: i64) -> Option<Money> {
    Some(Money { currency_code: "GBP".to_owned(), units, nanos: 0 })
}

/// Who goes from where to where: classes, customers, pounds.
fn moved(simulation: &Simulation) -> Vec<(&str, &str, i64, i64)> {
    let moves = simulation.moves.iter().map(|it| {
        let pounds = it.amount.as_ref().unwrap().units;
        (it.from_class_id.as_str(), it.to_class_id.as_str(), it.customers, pounds)
    });
    moves.collect()
}

async fn world(test: &kehu_tests::TestDatabase) -> World {
    let world = World::with_orders(test).await;
    shop::fix_business_date(&world.db, day(AS_OF)).await;
    world.create(Origin::Definition(lines(10, 5))).await.unwrap();
    world.publish("size").await.unwrap();
    world.classify(&["size"], AS_OF).await;
    world
}

/// Returns to a former version of the taxonomy `size`.
async fn roll_back(world: &World, version: i64, reason: &str) -> Result<Taxonomy, Status> {
    let (name, reason) = ("size".to_owned(), reason.to_owned());
    let request = RollBackTaxonomyRequest { name, version, reason };
    let response = world.coding.roll_back_taxonomy(Request::new(request)).await?;
    Ok(response.into_inner().taxonomy.unwrap())
}

#[tokio::test]
async fn req_1_12_two_versions_are_compared_and_a_former_one_restored() {
    each_database(async |test| {
        let world = world(test).await;
        let before = world.ids("size", "large").await;
        world.create(Origin::Definition(lines(8, 6))).await.unwrap();
        let simulation = simulate(&world, (0, 0)).await;
        assert_eq!((simulation.base_version, simulation.version), (1, 2));
        assert_eq!((simulation.customer_count, simulation.moved_count), (12, 3));
        // A customer of number n has n orders of 10n pounds each.
        assert_eq!(
            moved(&simulation),
            [
                ("large", "large", 3, 1000 + 1210 + 1440),
                ("middle", "large", 2, 640 + 810),
                ("middle", "middle", 2, 360 + 490),
                ("middle", "small", 1, 250),
                ("small", "small", 4, 10 + 40 + 90 + 160),
            ]
        );
        let of_class: Vec<_> = simulation
            .classes
            .iter()
            .map(|it| (it.customers_before, it.customers, it.gained_count, it.lost_count))
            .collect();
        assert_eq!(of_class, [(3, 5, 2, 0), (5, 2, 0, 3), (4, 5, 1, 0)]);
        assert_eq!(simulation.classes[0].amount, pounds(5100));
        let movers: Vec<_> =
            simulation.movers.iter().map(|it| (it.customer.as_str(), it.amount.clone())).collect();
        let named = ["customers/9", "customers/8", "customers/5"];
        assert_eq!(movers.iter().map(|(name, _)| *name).collect::<Vec<_>>(), named);
        assert_eq!(movers[0].1, pounds(810));
        // Nothing was written.
        assert_eq!(world.ids("size", "large").await, before);

        world.publish("size").await.unwrap();
        world.classify(&["size"], AS_OF).await;
        assert_eq!(world.ids("size", "large").await, [8, 9, 10, 11, 12]);
        // The same moves the other way round, between two published versions.
        let compared = simulate(&world, (2, 1)).await;
        assert!(moved(&compared).contains(&("large", "middle", 2, 1450)), "{compared:?}");
        assert_eq!((compared.moved_count, compared.stale_reason.as_str()), (3, ""));

        assert_eq!(violations(&roll_back(&world, 1, " ").await.unwrap_err())[0].0, "reason");
        let latest = roll_back(&world, 2, "to see").await.unwrap_err();
        assert_eq!(latest.code(), Code::FailedPrecondition, "{latest:?}");
        // A draft that somebody is at stays one.
        world.create(Origin::Definition(lines(11, 2))).await.unwrap();
        let restored = roll_back(&world, 1, "too many large ones").await.unwrap();
        assert_eq!((restored.version, restored.published), (3, true));
        assert_eq!(restored.definition.unwrap().classes[0].predicate, "orders_total >= 10");
        let draft = world.create(Origin::Definition(lines(11, 2))).await.unwrap();
        assert_eq!((draft.version, draft.published), (4, false));
        world.classify(&["size"], AS_OF).await;
        assert_eq!(world.ids("size", "large").await, before);
        let events = crate::governance::events(&world, "size").await;
        let restoring = events.iter().find(|it| it.former_version == 1).unwrap();
        assert_eq!((restoring.version, restoring.note.as_str()), (3, "too many large ones"));
    })
    .await;
}

#[tokio::test]
async fn publishing_by_a_simulation_takes_what_it_saw() {
    each_database(async |test| {
        let world = world(test).await;
        world.create(Origin::Definition(lines(8, 5))).await.unwrap();
        let refused = async |run: &str, why: &str| {
            let status = publish_by(&world, run).await.unwrap_err();
            assert_eq!(status.code(), Code::FailedPrecondition, "{status:?}");
            assert!(status.message().contains(why), "{}", status.message());
        };
        let queued = start(&world, (0, 0)).await.unwrap();
        refused(&format!("runs/{queued}"), "has not succeeded").await;
        world.carry_out(queued).await;
        let first = get(&world, queued).await.unwrap();
        assert_eq!(first.stale_reason, "");

        world.create(Origin::Definition(lines(9, 5))).await.unwrap();
        refused(&first.run, "the draft has changed").await;
        let second = simulate(&world, (0, 0)).await;
        let on = day("2011-12-09");
        world.ingest("late", vec![sale(1, "late", on, 5)]).await;
        refused(&second.run, "data have changed").await;
        assert!(get(&world, number(&second.run)).await.unwrap().stale_reason.contains("data"));
        let third = simulate(&world, (0, 0)).await;
        shop::fix_business_date(&world.db, day("2011-12-11")).await;
        refused(&third.run, "a business day has begun").await;
        shop::fix_business_date(&world.db, day(AS_OF)).await;
        assert_eq!(publish_by(&world, &third.run).await.unwrap().version, 2);
        let other = publish_by(&world, "runs/999").await.unwrap_err();
        assert_eq!(other.code(), Code::FailedPrecondition, "there is no draft: {other:?}");
    })
    .await;
}

#[tokio::test]
async fn a_server_may_ask_for_a_simulation() {
    each_database(async |test| {
        let mut world = world(test).await;
        let publishing = kehu_coding::Publishing { simulation: true, approval: false };
        world.coding = world.coding.publishing(publishing);
        world.create(Origin::Definition(lines(8, 5))).await.unwrap();
        let refused = world.publish("size").await.unwrap_err();
        assert!(refused.message().contains("asks for a simulation"), "{refused:?}");
        let simulation = simulate(&world, (0, 0)).await;
        publish_by(&world, &simulation.run).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn req_0_14_classes_that_overlap_or_leave_a_gap_are_not_published() {
    each_database(async |test| {
        let world = World::with_orders(test).await;
        shop::fix_business_date(&world.db, day(AS_OF)).await;
        // Without a default class somebody might be left without one.
        let mut gap = size();
        gap.default_class = String::new();
        let refused = world.create(Origin::Definition(gap)).await.unwrap_err();
        let fields: Vec<_> = violations(&refused).into_iter().map(|(field, _)| field).collect();
        assert!(fields.contains(&"definition.default_class".to_owned()), "{fields:?}");

        let mut classes = vec![
            class("many", "M", "orders_total >= 9"),
            class("home", "H", "country = 'GB'"),
            class("hidden", "X", "orders_total >= 11"),
            class("rest", "R", ""),
        ];
        (classes[0].priority, classes[1].priority, classes[2].priority) = (1, 1, 2);
        let mut definition = taxonomy("size", classes);
        world.create(Origin::Definition(definition.clone())).await.unwrap();
        let found = violations(&world.publish("size").await.unwrap_err());
        let [(field, text)] = &found[..] else { panic!("{found:?}") };
        assert_eq!(field, "definition.classes[1].predicate");
        assert!(text.contains("class many") && text.contains("for 2 customers"), "{text}");
        assert!(text.contains("such as customers/10"), "{text}");
        // A simulation has seen it, too, and that nobody reaches the third class.
        let simulation = simulate(&world, (0, 0)).await;
        assert_eq!(simulation.base_version, 0);
        let first = &simulation.overlaps[0];
        assert_eq!((first.class_id.as_str(), first.other_class_id.as_str()), ("many", "home"));
        assert_eq!((first.customers, first.excluded), (2, true));
        let hidden = &simulation.classes[2];
        assert_eq!((hidden.customers, hidden.matched_count), (0, 2));
        assert_eq!(violations(&publish_by(&world, &simulation.run).await.unwrap_err()).len(), 1);

        // Of two priorities the order decides.
        definition.classes[1].priority = 2;
        world.create(Origin::Definition(definition)).await.unwrap();
        world.publish("size").await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_simulation_counts_the_codes_that_would_change() {
    each_database(async |test| {
        let world = world(test).await;
        let recoding = Recoding::OnClassChange.into();
        let scheme = CodeScheme { recoding, ..scheme("sized", "{class:1}{seq:4}") };
        world.create_scheme(scheme).await.unwrap();
        world.code("sized", AS_OF).await;
        world.create(Origin::Definition(lines(8, 6))).await.unwrap();
        let changes = simulate(&world, (0, 0)).await.code_changes;
        let [change] = &changes[..] else { panic!("{changes:?}") };
        assert_eq!((change.code_scheme.as_str(), change.customers), ("codeSchemes/sized", 3));
    })
    .await;
}

#[tokio::test]
async fn a_draft_that_changes_meanwhile_ends_the_simulation() {
    each_database(async |test| {
        let world = world(test).await;
        world.create(Origin::Definition(lines(8, 5))).await.unwrap();
        let run = start(&world, (0, 0)).await.unwrap();
        world.create(Origin::Definition(lines(7, 5))).await.unwrap();
        let ended = world.carry_out(run).await;
        assert_eq!(ended.state, RunState::Failed);
        assert!(ended.error.unwrap().message.contains("simulate again"));
        let same = start(&world, (2, 2)).await.unwrap_err();
        assert_eq!(violations(&same)[0].0, "base_version");
    })
    .await;
}
