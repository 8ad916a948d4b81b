//! Who enters or leaves a class is told once, whatever dies.

use kehu_contract::coding::{
    ClassChange, ListClassChangesRequest, Strategy, TaxonomyDefinition,
    create_taxonomy_request::Origin, strategy_service_server::StrategyService,
};
use kehu_storage::faults::{Fault, Faults};
use kehu_storage::run::RunState;
use kehu_tests::each_database;
use tonic::Request;

use crate::world::{World, class, taxonomy};

const AS_OF: &str = "2011-12-10";
/// More statements than a follower needs.
const MANY: usize = 100;

/// By the part of the country, with a strategy for all.
fn region() -> TaxonomyDefinition {
    let classes = vec![class("north", "N", "city = 'north'"), class("rest", "R", "")];
    let default_strategy = Some(Strategy::default());
    TaxonomyDefinition { default_strategy, ..taxonomy("region", classes) }
}

impl World {
    /// The changes after a token, and the next one.
    async fn told(&self, page_token: &str) -> (Vec<ClassChange>, String) {
        let taxonomy = String::new();
        let page_token = page_token.to_owned();
        let request = ListClassChangesRequest { taxonomy, page_size: 100, page_token };
        let request = Request::new(request);
        let told = StrategyService::list_class_changes(&self.coding, request).await.unwrap();
        let told = told.into_inner();
        (told.changes, told.next_page_token)
    }
}

/// Who moved where, with the number of the change.
fn moves(told: &[ClassChange]) -> Vec<(&str, &str, i64)> {
    told.iter().map(|it| (it.from_class_id.as_str(), it.to_class_id.as_str(), it.number)).collect()
}

#[tokio::test]
async fn a_run_tells_each_once_though_workers_die() {
    each_database(async |test| {
        let world = World::with_orders(test).await;
        world.create(Origin::Definition(region())).await.unwrap();
        world.publish("region").await.unwrap();
        let request = "\"taxonomies\":[\"region\"]";
        let run_id = world.queue("classification", request, AS_OF).await;
        world.die_after_a_partition(run_id).await;
        assert_eq!(world.told("").await.0, [], "it is not in force yet");
        world.expire_lease(run_id).await;
        assert_eq!(world.carry_out(run_id).await.state, RunState::Succeeded);
        let (told, token) = world.told("").await;
        assert_eq!(moves(&told), [("", "rest", 1); 12]);
        for customer in 1..=12 {
            world.lives_in(customer, "north", "2011-12-05").await;
        }
        let run_id = world.queue("classification", request, AS_OF).await;
        world.die_after_a_partition(run_id).await;
        world.expire_lease(run_id).await;
        assert_eq!(world.carry_out(run_id).await.state, RunState::Succeeded);
        world.follow().await;
        let (told, token) = world.told(&token).await;
        assert_eq!(moves(&told), [("rest", "north", 2); 12]);
        assert_eq!(world.told(&token).await, (vec![], token));
    })
    .await;
}

#[tokio::test]
async fn a_follower_tells_once_though_connections_break() {
    each_database(async |test| {
        let world = World::with_orders(test).await;
        world.create(Origin::Definition(region())).await.unwrap();
        world.publish("region").await.unwrap();
        world.classify(&["region"], AS_OF).await;
        world.follow().await;
        let (_, mut token) = world.told("").await;
        for place in 0..MANY {
            let (from, to) = if place % 2 == 0 { ("rest", "north") } else { ("north", "rest") };
            world.lives_in(1, to, "2011-12-05").await;
            let faults = Faults::new(Fault::Unanswered, place);
            World::on(world.db.faulty(faults.clone())).follow().await;
            let (told, next) = world.told(&token).await;
            let number = i64::try_from(place).unwrap() + 2;
            assert_eq!(moves(&told), [(from, to, number)], "statement {place}");
            token = next;
            if faults.statements() <= place {
                assert!(place > 5, "{place} statements of a follower");
                return;
            }
        }
        panic!("a follower has no more than {MANY} statements");
    })
    .await;
}
