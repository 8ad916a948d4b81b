//! Those who watch see every change of classes, codes and actions.

use kehu_contract::coding::{
    ActionCompletion, ClassChange, Code as CustomerCode, CodeScheme, CompleteActionRequest,
    CreateCodeSchemeRequest, ListActionsRequest, ListClassChangesRequest, StartCodingRequest,
    WatchChangesRequest, WatchChangesResponse, code_service_client::CodeServiceClient,
    customer_change::Change,
};
use kehu_storage::{change_log, coding::changes};
use kehu_tests::each_database;
use tonic::{Code, Status, Streaming};

use crate::records::{order, orders};
use crate::world::World;

const AS_OF: &str = "2024-03-31";

async fn watch(
    world: &World,
    cursor: &str,
    taxonomy: &str,
) -> Result<Streaming<WatchChangesResponse>, Status> {
    let (cursor, taxonomy) = (cursor.to_owned(), taxonomy.to_owned());
    let request = WatchChangesRequest { cursor, taxonomy };
    Ok(world.classes().watch_changes(request).await?.into_inner())
}

/// What comes until everything that was committed is told, a word each, and the cursor after it.
async fn told(stream: &mut Streaming<WatchChangesResponse>) -> (Vec<String>, String) {
    let mut told = Vec::new();
    loop {
        let message = stream.message().await.unwrap().unwrap();
        assert!(!message.cursor.is_empty());
        told.extend(message.changes.into_iter().map(|change| word(&change.change.unwrap())));
        if message.caught_up {
            return (told, message.cursor);
        }
    }
}

fn word(change: &Change) -> String {
    match change {
        Change::ClassChange(ClassChange { taxonomy, from_class_id, to_class_id, .. }) => {
            format!("{taxonomy}: {from_class_id}>{to_class_id}")
        }
        Change::Code(CustomerCode { code, .. }) => format!("code {code}"),
        Change::Action(action) => {
            format!("done by {}", action.completion.as_ref().unwrap().done_by)
        }
    }
}

#[tokio::test]
async fn what_changes_is_watched_from_a_cursor_on() {
    each_database(async |test| {
        let world = World::new(test, AS_OF).await;
        world.ingest(orders("c1 o1 2024-03-01T10:00 10")).await;
        world.taxonomy("size", &[("large", "amount_total >= 1000"), ("small", "")]).await;
        let mut stream = watch(&world, "", "").await.unwrap();
        let (nothing, start) = told(&mut stream).await;
        assert_eq!(nothing, Vec::<String>::new(), "only what comes from now on");
        world.classify(AS_OF).await;
        world.follow().await;
        let (first, after_class) = told(&mut stream).await;
        assert_eq!(first, ["taxonomies/size: >small"], "also without strategies");
        let listed = ListClassChangesRequest::default();
        let listed = world.strategies().list_class_changes(listed).await.unwrap().into_inner();
        assert_eq!(listed.changes, [], "there is nothing to do");

        let scheme = CodeScheme {
            id: "plain".to_owned(),
            template: "C{class:1}{seq:3}".to_owned(),
            taxonomy: "size".to_owned(),
            label: Some(kehu_contract::shared::Label {
                zh: "码".to_owned(),
                en: "Code".to_owned(),
            }),
            ..Default::default()
        };
        let mut codes = CodeServiceClient::new(world.client.clone());
        let request = CreateCodeSchemeRequest { code_scheme: Some(scheme), validate_only: false };
        codes.create_code_scheme(request).await.unwrap();
        let request = StartCodingRequest { scheme: "plain".to_owned(), ..Default::default() };
        let run = codes.start_coding(request).await.unwrap().into_inner().run.unwrap();
        world.carry_out(&run.name).await;
        let (coded, _) = told(&mut stream).await;
        assert_eq!(coded, ["code CB001"]);

        world.ingest([order("c1 o2 2024-03-30T10:00 5000")]).await;
        world.follow().await;
        let (moved, end) = told(&mut stream).await;
        assert_eq!(moved, ["taxonomies/size: small>large"]);
        // Whoever resumes gets the rest once more, in the same order.
        for (cursor, expected) in [
            (&start, [first.clone(), coded.clone(), moved.clone()].concat()),
            (&after_class, [coded, moved].concat()),
            (&end, vec![]),
        ] {
            for taxonomy in ["", "size"] {
                let mut resumed = watch(&world, cursor, taxonomy).await.unwrap();
                assert_eq!(told(&mut resumed).await.0, expected);
            }
        }
        world.taxonomy("other", &[("any", "orders_total > 0"), ("none", "")]).await;
        let mut resumed = watch(&world, &start, "other").await.unwrap();
        assert_eq!(told(&mut resumed).await.0, Vec::<String>::new());
    })
    .await;
}

#[tokio::test]
async fn actions_that_are_ticked_off_are_watched() {
    each_database(async |test| {
        let world = World::new(test, AS_OF).await;
        world.ingest(orders("c1 o1 2024-03-01T10:00 10")).await;
        world
            .written(
                "
id: size
label: {zh: 规模, en: Size}
purpose: {zh: 测试, en: To test}
owner: {zh: 测试, en: Testers}
default_class: all
classes:
  - id: all
    code: A
    label: {zh: 全部, en: All}
    strategy: {contact_every_days: 7}
",
            )
            .await;
        world.classify(AS_OF).await;
        let (_, cursor) = told(&mut watch(&world, "", "").await.unwrap()).await;
        let request = ListActionsRequest {
            taxonomy: "size".to_owned(),
            due_by_date: kehu_tests::date("2024-12-31"),
            ..Default::default()
        };
        let due = world.strategies().list_actions(request).await.unwrap().into_inner().actions;
        let completion = ActionCompletion { done_by: "Li".to_owned(), ..Default::default() };
        let request =
            CompleteActionRequest { name: due[0].name.clone(), completion: Some(completion) };
        world.strategies().complete_action(request.clone()).await.unwrap();
        world.strategies().complete_action(request).await.unwrap();
        let (found, _) = told(&mut watch(&world, &cursor, "").await.unwrap()).await;
        assert_eq!(found, ["done by Li"], "once");
    })
    .await;
}

#[tokio::test]
async fn a_cursor_of_before_what_is_kept_is_refused() {
    each_database(async |test| {
        let world = World::new(test, AS_OF).await;
        world.ingest(orders("c1 o1 2024-03-01T10:00 10")).await;
        world.taxonomy("size", &[("large", "amount_total >= 1000"), ("small", "")]).await;
        let (_, cursor) = told(&mut watch(&world, "", "").await.unwrap()).await;
        world.classify(AS_OF).await;
        world.ingest([order("c1 o2 2024-03-30T10:00 5000")]).await;
        world.follow().await;
        let later = kehu_server::clock::now() + chrono::TimeDelta::days(1);
        change_log::trim(&world.db, later).await.unwrap();
        changes::trim(&world.db, later).await.unwrap();
        let refused = match watch(&world, &cursor, "").await {
            Err(refused) => refused,
            Ok(mut stream) => stream.message().await.unwrap_err(),
        };
        assert_eq!(refused.code(), Code::FailedPrecondition);
        assert!(refused.message().contains("watch anew"), "{}", refused.message());
        let (_, anew) = told(&mut watch(&world, "", "").await.unwrap()).await;
        told(&mut watch(&world, &anew, "").await.unwrap()).await;
        for cursor in ["x", "00", &format!("{anew}00")] {
            let refused = watch(&world, cursor, "").await.map(drop).unwrap_err();
            assert_eq!(refused.code(), Code::InvalidArgument, "{cursor}");
        }
    })
    .await;
}
