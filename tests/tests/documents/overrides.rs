//! 多种方法 + 专家意见、人工校验和修正: what a person says against the rules.

use kehu_contract::coding::{
    ClassOverride, ClearOverrideRequest, GetDisagreementRequest, ListOverridesRequest,
    OverrideClassRequest,
};
use kehu_contract::ingestion::MergeCustomersRequest;
use kehu_tests::{TestDatabase, date, each_database};
use tonic::{Code, Status};

use crate::records::{order, orders};
use crate::world::World;

const AS_OF: &str = "2024-03-31";

async fn world(test: &TestDatabase) -> World {
    let world = World::new(test, AS_OF).await;
    let text = "c1 o1 2024-03-01T10:00 2000\nc2 o2 2024-03-01T10:00 10
                c3 o3 2024-03-01T10:00 20";
    world.ingest(orders(text)).await;
    world.taxonomy("worth", &[("high", "amount_total >= 1000"), ("low", "")]).await;
    world.classify(AS_OF).await;
    world.follow().await;
    world
}

async fn set(world: &World, key: &str, class: &str, until: &str) -> Result<ClassOverride, Status> {
    let request = OverrideClassRequest {
        customer: world.customer(key).await,
        taxonomy: "worth".to_owned(),
        class_id: class.to_owned(),
        reason: "opens ten shops".to_owned(),
        reviewer: "Han Meimei".to_owned(),
        expire_date: date(until),
    };
    let answer = world.classes().override_class(request).await?.into_inner();
    Ok(answer.class_override.unwrap())
}

/// How many were set, for how many the rules say otherwise, and their share.
async fn disagreement(world: &World) -> (i64, i64, Option<String>) {
    let request = GetDisagreementRequest { taxonomy: "worth".to_owned() };
    let found = world.classes().get_disagreement(request).await.unwrap().into_inner();
    let rate = found.disagreement_rate.map(|rate| rate.value);
    (found.override_count, found.disagreement_count, rate)
}

async fn listed(world: &World, show_ended: bool) -> Vec<ClassOverride> {
    let taxonomy = "worth".to_owned();
    let request = ListOverridesRequest { taxonomy, show_ended, ..Default::default() };
    world.classes().list_overrides(request).await.unwrap().into_inner().class_overrides
}

#[tokio::test]
async fn req_2_20_what_a_person_sets_survives_runs_until_it_expires() {
    each_database(async |test| {
        let world = world(test).await;
        assert_eq!(disagreement(&world).await, (0, 0, None));
        let first = set(&world, "c2", "high", "2024-04-03").await.unwrap();
        assert_eq!(set(&world, "c2", "high", "2024-04-03").await.unwrap(), first);
        world.follow().await;
        let found = world.classification("c2", "worth", AS_OF).await;
        assert_eq!((found.class_id.as_str(), found.class_override), ("high", Some(first.clone())));
        assert_eq!(
            (first.reason.as_str(), first.reviewer.as_str()),
            ("opens ten shops", "Han Meimei")
        );
        assert_eq!((first.start_date, first.expire_date), (date(AS_OF), date("2024-04-03")));
        // Neither a run nor a fact erases it.
        world.classify(AS_OF).await;
        world.ingest([order("c2 o4 2024-03-02T10:00 5")]).await;
        world.follow().await;
        let keys = ["c1", "c2", "c3"];
        assert_eq!(world.classes_of(&keys, "worth", AS_OF).await, ["high", "high", "low"]);
        assert_eq!(disagreement(&world).await, (1, 1, Some("1".to_owned())));
        // Who is of the rules' opinion lowers the rate.
        set(&world, "c1", "high", "2024-06-30").await.unwrap();
        assert_eq!(disagreement(&world).await, (2, 1, Some("0.5".to_owned())));
        world.today_is("2024-04-02").await;
        world.day_begins().await;
        let on = "2024-04-02";
        assert_eq!(world.classes_of(&keys, "worth", on).await, ["high", "high", "low"]);
        // It expires on its day, without any event.
        world.today_is("2024-04-03").await;
        world.day_begins().await;
        let on = "2024-04-03";
        assert_eq!(world.classes_of(&keys, "worth", on).await, ["high", "low", "low"]);
        assert_eq!(disagreement(&world).await, (1, 0, Some("0".to_owned())));
        // Another takes the place of one that holds, and the rules decide where it is ended.
        set(&world, "c1", "low", "2024-12-31").await.unwrap();
        world.follow().await;
        assert_eq!(world.classes_of(&keys, "worth", on).await, ["low", "low", "low"]);
        let (customer, taxonomy) = (world.customer("c1").await, "worth".to_owned());
        let clear = ClearOverrideRequest { customer, taxonomy };
        world.classes().clear_override(clear.clone()).await.unwrap();
        world.follow().await;
        assert_eq!(world.classes_of(&keys, "worth", on).await, ["high", "low", "low"]);
        let nothing = world.classes().clear_override(clear).await.unwrap_err();
        assert_eq!(nothing.code(), Code::NotFound);
        let all: Vec<_> = listed(&world, true).await.into_iter().map(|it| it.class_id).collect();
        assert_eq!(all, ["high", "high", "low"]);
        assert_eq!(listed(&world, false).await, []);
    })
    .await;
}

#[tokio::test]
async fn a_class_that_there_is_is_set_until_a_day_to_come() {
    each_database(async |test| {
        let world = world(test).await;
        for (class, until) in [("none", "2024-05-01"), ("low", AS_OF), ("low", "2034-05-01")] {
            let refused = set(&world, "c3", class, until).await.unwrap_err();
            assert_eq!(refused.code(), Code::InvalidArgument, "{class} {until}");
        }
    })
    .await;
}

#[tokio::test]
async fn who_is_merged_into_another_stands_for_that_one() {
    each_database(async |test| {
        let world = world(test).await;
        let (survivor, absorbed) = (world.customer("c1").await, world.customer("c2").await);
        let request = MergeCustomersRequest {
            survivor: survivor.clone(),
            absorbed: absorbed.clone(),
            reason: "one shop".to_owned(),
            ..Default::default()
        };
        world.customers().merge_customers(request).await.unwrap();
        world.follow().await;
        let request = OverrideClassRequest {
            customer: absorbed.clone(),
            taxonomy: "worth".to_owned(),
            class_id: "low".to_owned(),
            reason: "is closing down".to_owned(),
            reviewer: "Han Meimei".to_owned(),
            expire_date: date("2024-06-01"),
        };
        let set = world.classes().override_class(request).await.unwrap().into_inner();
        assert_eq!(set.class_override.unwrap().customer, survivor);
        let taxonomy = "worth".to_owned();
        let request =
            ListOverridesRequest { taxonomy, customer: absorbed.clone(), ..Default::default() };
        let listed = world.classes().list_overrides(request).await.unwrap().into_inner();
        assert_eq!(listed.class_overrides.len(), 1);
        let request = ClearOverrideRequest { customer: absorbed, taxonomy: "worth".to_owned() };
        let cleared = world.classes().clear_override(request).await.unwrap().into_inner();
        assert_eq!(cleared.class_override.unwrap().customer, survivor);
    })
    .await;
}
