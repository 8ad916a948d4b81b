//! What classes earn, in the words of all five documents.

use kehu_contract::coding::{
    Action, ActionCompletion, ActionKind, ClassChange, CompleteActionRequest,
    CompleteActionResponse, ListActionsRequest, ListClassChangesRequest, Strategy,
};
use kehu_contract::ingestion::CustomerProfile;
use kehu_tests::{date, each_database};
use tonic::{Code, Status};

use crate::records::{customer, interaction, order, orders};
use crate::world::World;

const AS_OF: &str = "2024-03-31";

/// Large customers get tailored service, small ones standard products; who bought nothing yet gets
/// what is said for all.
const SIZE: &str = "
id: size
label: {zh: 规模, en: Size}
purpose: {zh: 区别服务, en: To serve each as it is worth}
owner: {zh: 销售部, en: Sales}
default_class: none
service_levels:
  - {id: tailored, label: {zh: 定制化服务, en: Tailored service}}
  - {id: standard, label: {zh: 标准化产品, en: Standard products}}
default_strategy: {service_level: standard}
classes:
  - id: large
    code: L
    label: {zh: 大客户, en: Large}
    predicate: amount_total >= 1000
    strategy:
      service_level: tailored
      discount_percent: 8
      contact_every_days: 30
      owner_role: {id: key-account-manager, label: {zh: 大客户经理, en: Key account manager}}
      channels:
        - {channel: email, contact_every_days: 7}
  - id: buyer
    code: B
    label: {zh: 买家, en: Buyer}
    strategy:
      discount_percent: 3
      owner_role: {id: marketing, label: {zh: 市场部, en: Marketing}}
      channels:
        - channel: email
          contact_every_days: 60
          campaign: {id: newsletter, label: {zh: 新品邮件, en: Newsletter}}
  - id: small
    code: S
    label: {zh: 小客户, en: Small}
    parent: buyer
    predicate: orders_total > 0
  - id: none
    code: N
    label: {zh: 未购买, en: No purchase}
";

async fn world(test: &kehu_tests::TestDatabase) -> World {
    let world = World::new(test, AS_OF).await;
    let text = "big o1 2024-03-01T10:00 2000\nsmall o2 2024-03-01T10:00 10
                other o3 2024-03-01T10:00 20";
    world.ingest(orders(text)).await;
    world.ingest([customer("nobody", CustomerProfile::default())]).await;
    world.written(SIZE).await;
    world.classify(AS_OF).await;
    world
}

async fn strategy(world: &World, key: &str, on: &str) -> (Strategy, i64) {
    let found = world.classification(key, "size", on).await;
    (found.strategy.unwrap(), found.version)
}

fn level(strategy: &Strategy) -> &str {
    &strategy.service_level_label.as_ref().unwrap().zh
}

#[tokio::test]
async fn req_0_22_tailored_service_for_the_large_and_standard_products_for_the_small() {
    each_database(async |test| {
        let world = world(test).await;
        let (large, version) = strategy(&world, "big", AS_OF).await;
        assert_eq!((level(&large), version), ("定制化服务", 1));
        let (nobody, _) = strategy(&world, "nobody", AS_OF).await;
        assert_eq!((level(&nobody), nobody.channels.len()), ("标准化产品", 0));
        // A class without a strategy of its own takes that of the class it is part of.
        let small = world.classification("small", "size", AS_OF).await;
        assert_eq!((small.class_id.as_str(), small.strategy_class_id.as_str()), ("small", "buyer"));
        // Another version is in force with its first run.
        let better = SIZE.replace("discount_percent: 8", "discount_percent: 9.5");
        world.written(&better).await;
        let discount = |strategy: Strategy| strategy.terms.unwrap().discount_percent.unwrap().value;
        let (strategy_1, version) = strategy(&world, "big", AS_OF).await;
        assert_eq!((discount(strategy_1), version), ("8".to_owned(), 1));
        world.today_is("2024-04-01").await;
        world.classify("2024-04-01").await;
        let (strategy_2, version) = strategy(&world, "big", "2024-04-01").await;
        assert_eq!((discount(strategy_2), version), ("9.5".to_owned(), 2));
        let (then, version) = strategy(&world, "big", AS_OF).await;
        assert_eq!((discount(then), version), ("8".to_owned(), 1));
    })
    .await;
}

#[tokio::test]
async fn req_1_2_two_classes_differ_in_what_they_get_by_the_same_channel() {
    each_database(async |test| {
        let world = world(test).await;
        let mut told = Vec::new();
        for key in ["big", "small"] {
            let (strategy, _) = strategy(&world, key, AS_OF).await;
            let email = strategy.channels.into_iter().find(|one| one.channel == "email").unwrap();
            let terms = email.terms.unwrap();
            let campaign = terms.campaign.map(|campaign| campaign.id).unwrap_or_default();
            let discount = terms.discount_percent.unwrap().value;
            told.push((terms.contact_every_days.unwrap(), campaign, discount));
        }
        let (none, newsletter) = (String::new(), "newsletter".to_owned());
        assert_eq!(told, [(7, none, "8".to_owned()), (60, newsletter, "3".to_owned())]);
    })
    .await;
}

#[tokio::test]
async fn req_3_10_service_levels_by_class_and_how_many_are_covered() {
    each_database(async |test| {
        let world = world(test).await;
        let columns = [
            "class_id",
            "strategy_class_id",
            "service_level",
            "discount_percent",
            "customer_count",
        ];
        assert_eq!(
            world.report("strategies", "size", &columns).await,
            [
                "large large tailored 8 1",
                "buyer buyer null 3 0",
                "small buyer null 3 2",
                "none default standard null 1",
            ]
        );
        let columns = ["service_level", "classes", "customer_count", "customer_share"];
        assert_eq!(
            world.report("service-levels", "size", &columns).await,
            [
                "tailored Large 1 0.25",
                "standard No purchase 1 0.25",
                "null Buyer; Small 2 0.5",
                "null null 0 0",
                "total null 4 1",
            ]
        );
        // Without what is said for all, nobody has said what they get who bought nothing.
        world.written(&SIZE.replace("default_strategy: {service_level: standard}\n", "")).await;
        world.classify(AS_OF).await;
        let found = world.report("service-levels", "size", &columns).await;
        assert_eq!(found[3], "null No purchase 1 0.25");
    })
    .await;
}

#[tokio::test]
async fn req_4_14_a_lower_class_that_is_treated_better_is_found() {
    each_database(async |test| {
        let world = world(test).await;
        let columns = ["class_id", "better_than"];
        let found = world.report("strategies", "size", &columns).await;
        // Who bought nothing is promised service, of which nothing is said to those who buy little.
        assert_eq!(found, ["large null", "buyer null", "small null", "none small"]);
        let turned = SIZE.replace("discount_percent: 3", "discount_percent: 12");
        world.written(&turned).await;
        world.classify(AS_OF).await;
        let found = world.report("strategies", "size", &columns).await;
        assert_eq!(found, ["large null", "buyer null", "small large", "none small"]);
    })
    .await;
}

async fn changes(world: &World, page_token: &str) -> (Vec<ClassChange>, String) {
    let (mut all, mut page_token) = (Vec::new(), page_token.to_owned());
    loop {
        let taxonomy = "size".to_owned();
        let request = ListClassChangesRequest { taxonomy, page_size: 2, page_token };
        let answer = world.strategies().list_class_changes(request).await.unwrap().into_inner();
        page_token = answer.next_page_token;
        if answer.changes.is_empty() {
            return (all, page_token);
        }
        all.extend(answer.changes);
    }
}

/// What is to be done: kind, channel and due date.
fn to_do(actions: &[Action]) -> Vec<String> {
    let told = actions.iter().map(|action| {
        let due = action.due_date.unwrap();
        let kind = if action.kind() == ActionKind::Campaign { "campaign" } else { "contact" };
        format!("{kind} {} {}-{:02}-{:02}", action.channel, due.year, due.month, due.day)
    });
    told.collect()
}

#[tokio::test]
async fn req_0_23_who_enters_or_leaves_a_class_is_told_once_with_what_there_is_to_do() {
    each_database(async |test| {
        let world = world(test).await;
        let (first, token) = changes(&world, "").await;
        assert_eq!(first.len(), 4, "each entered a class");
        let small = world.customer("small").await;
        let entered = first.iter().find(|change| change.customer == small).unwrap();
        assert_eq!((entered.from_class_id.as_str(), entered.number), ("", 1));
        assert_eq!(
            to_do(&entered.actions),
            ["campaign email 2024-03-31", "contact email 2024-05-30"]
        );
        // A day on which nobody moves is told to nobody, and neither is another version.
        world.today_is("2024-04-02").await;
        world.day_begins().await;
        world.written(&SIZE.replace("contact_every_days: 30", "contact_every_days: 40")).await;
        world.classify("2024-04-02").await;
        assert_eq!(changes(&world, &token).await.0, []);
        // Who grows is told to leave one class and enter another, with what that brings.
        world.ingest([order("small o4 2024-04-02T10:00 5000")]).await;
        world.follow().await;
        world.follow().await;
        world.classify("2024-04-02").await;
        let (moved, token) = changes(&world, &token).await;
        let [change] = &moved[..] else { panic!("{moved:?}") };
        assert_eq!(change.customer, small);
        assert_eq!(
            (change.from_class_id.as_str(), change.to_class_id.as_str()),
            ("small", "large")
        );
        assert_eq!((change.since_date, change.version, change.number), (date("2024-04-02"), 2, 2));
        assert_eq!(level(change.strategy.as_ref().unwrap()), "定制化服务");
        assert_eq!(to_do(&change.actions), ["contact  2024-05-12", "contact email 2024-04-09"]);
        world.ingest([order("small o5 2024-04-02T11:00 -5000")]).await;
        world.follow().await;
        let (back, _) = changes(&world, &token).await;
        let told: Vec<_> = back.iter().map(|it| (it.to_class_id.as_str(), it.number)).collect();
        assert_eq!(told, [("small", 3)]);
    })
    .await;
}

async fn listed(world: &World, request: ListActionsRequest) -> Vec<Action> {
    let (mut all, mut request) = (Vec::new(), request);
    request.taxonomy = "taxonomies/size".to_owned();
    request.page_size = 1;
    loop {
        let answer = world.strategies().list_actions(request.clone()).await.unwrap().into_inner();
        all.extend(answer.actions);
        request.page_token = answer.next_page_token;
        if request.page_token.is_empty() {
            return all;
        }
    }
}

async fn complete(world: &World, name: &str, note: &str) -> Result<Action, Status> {
    let (done_by, note) = ("Li Lei".to_owned(), note.to_owned());
    let completion = ActionCompletion { done_by, note, ..Default::default() };
    let request = CompleteActionRequest { name: name.to_owned(), completion: Some(completion) };
    let answer = world.strategies().complete_action(request).await?;
    let CompleteActionResponse { action } = answer.into_inner();
    Ok(action.unwrap())
}

#[tokio::test]
async fn req_2_19_what_a_class_earns_is_done_and_ticked_off() {
    each_database(async |test| {
        let world = world(test).await;
        let small = world.customer("small").await;
        let of_small = |due_by: &str| ListActionsRequest {
            customer: small.clone(),
            due_by_date: date(due_by),
            ..Default::default()
        };
        world.today_is("2024-05-30").await;
        let due = listed(&world, of_small("2024-05-30")).await;
        assert_eq!(to_do(&due), ["campaign email 2024-03-31", "contact email 2024-05-30"]);
        let reason = due[0].reason.clone().unwrap();
        assert_eq!(reason.en, "Small 60 days; Newsletter");
        assert_eq!(reason.zh, "小客户60天；新品邮件");
        assert_eq!(to_do(&listed(&world, of_small("2024-05-29")).await).len(), 1);
        // By role and by class.
        let role = ListActionsRequest {
            owner_role: "key-account-manager".to_owned(),
            ..Default::default()
        };
        let of_role = listed(&world, role).await;
        assert_eq!(to_do(&of_role), ["contact  2024-04-30", "contact email 2024-04-07"]);
        let class = ListActionsRequest { class_id: "small".to_owned(), ..Default::default() };
        assert_eq!(listed(&world, class).await.len(), 4, "two customers");
        // Ticked off once, whoever says so again.
        let done = complete(&world, &due[0].name, "sent").await.unwrap();
        let again = complete(&world, &due[0].name, "sent twice").await.unwrap();
        assert_eq!(done, again);
        let noted = done.completion.unwrap();
        assert_eq!((noted.done_by.as_str(), noted.note.as_str()), ("Li Lei", "sent"));
        assert_eq!(noted.done_date, date("2024-05-30"));
        complete(&world, &due[1].name, "").await.unwrap();
        assert_eq!(listed(&world, of_small("2024-05-30")).await, []);
        // The campaign is over, the next contact comes after sixty days.
        let next = listed(&world, of_small("2024-12-31")).await;
        assert_eq!(to_do(&next), ["contact email 2024-07-29"]);
        let completed = ListActionsRequest { completed: true, ..Default::default() };
        let completed = listed(&world, completed).await;
        assert_eq!(completed.len(), 2);
        assert_eq!(completed[0].completion.as_ref().unwrap().note, "sent");
        // Who leaves the class leaves what was due.
        world.ingest([order("small o4 2024-05-30T10:00 5000")]).await;
        world.day_begins().await;
        world.follow().await;
        let refused = complete(&world, &next[0].name, "").await.unwrap_err();
        assert_eq!(refused.code(), Code::FailedPrecondition, "{refused:?}");
        assert_eq!(
            to_do(&listed(&world, of_small("2024-06-10")).await),
            ["contact email 2024-06-06"]
        );
        assert_eq!(complete(&world, &due[0].name, "").await.unwrap(), again, "as it was noted");
    })
    .await;
}

/// The report by class: what a large and a small customer bring and take.
async fn efforts(test: &kehu_tests::TestDatabase, columns: &[&str]) -> Vec<String> {
    let world = World::new(test, AS_OF).await;
    let text = "l o1 2024-03-01T10:00 3000\ns o2 2024-03-01T10:00 500";
    world.ingest(orders(text)).await;
    let calls = ["l i1 2024-03-02T10:00 call", "s i2 2024-03-02T10:00 ticket"];
    let more = ["s i3 2023-04-02T10:00 visit", "s i4 2024-03-03T10:00 page_view"];
    let old = ["l i5 2023-03-31T10:00 call"];
    let all = calls.into_iter().chain(more).chain(old).map(interaction);
    world.ingest(all).await;
    world.written(SIZE).await;
    world.classify(AS_OF).await;
    world.report("class-effort", "size", columns).await
}

#[tokio::test]
async fn req_1_7_value_beside_the_cost_of_service_by_class() {
    each_database(async |test| {
        let columns = ["class_id", "customer_count", "amount_share", "contact_count_365d"];
        let columns = [&columns[..], &["contact_share", "value_per_effort"]].concat();
        assert_eq!(
            efforts(test, &columns).await,
            [
                "large 1 0.8571 1 0.3333 2.5716",
                "buyer 0 0 0 0 null",
                "small 1 0.1429 2 0.6667 0.2143",
                "none 0 0 0 0 null",
                "total 2 1 3 1 1",
            ]
        );
    })
    .await;
}

#[tokio::test]
async fn req_1_8_contacts_to_expect_of_each_class_and_period() {
    each_database(async |test| {
        let columns = ["class_id", "contact_every_days", "expected_contacts_30d"];
        let columns = [&columns[..], &["expected_contacts_90d", "expected_contacts_365d"]].concat();
        assert_eq!(
            efforts(test, &columns).await,
            [
                "large 30 1 3 13",
                "buyer null null null null",
                "small null null null null",
                "none null null null null",
                "total null 1 3 13",
            ]
        );
    })
    .await;
}
