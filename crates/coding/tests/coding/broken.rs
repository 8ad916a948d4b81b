//! Definitions that do not compile any more: the others go on.

use kehu_contract::coding::{
    ListCodeSchemesRequest, ListTaxonomiesRequest, code_service_server::CodeService,
    create_taxonomy_request::Origin, taxonomy_service_server::TaxonomyService,
};
use kehu_core::calendar::BusinessCalendar;
use kehu_runs::start_due;
use kehu_storage::run::{self, RunState};
use kehu_storage::{PageRequest, change_log};
use kehu_tests::{TestDatabase, day, each_database, shop};
use sea_orm::ConnectionTrait;
use tonic::{Code, Request};

use crate::codes::{AS_OF, STANDARD, scheme};
use crate::world::{World, class, sale, taxonomy};

/// Two taxonomies and two schemes are followed, and of each one has broken since.
async fn half_broken(test: &TestDatabase) -> World {
    let world = World::with_orders(test).await;
    world.publish_size().await;
    let busy = vec![class("busy", "B", "orders_total >= 2"), class("calm", "C", "")];
    world.create(Origin::Definition(taxonomy("pace", busy))).await.unwrap();
    world.publish("pace").await.unwrap();
    world.classify(&[], AS_OF).await;
    for (id, template) in [("other", "X{class:1}{seq:6}"), ("standard", STANDARD)] {
        world.create_scheme(scheme(id, template)).await.unwrap();
        world.code(id, AS_OF).await;
    }
    world.follow().await;
    let transaction = world.db.begin().await.unwrap();
    for (id, sound, broken) in
        [("pace", "orders_total", "no_such_feature"), ("other", "{seq:6}", "{seq:none}")]
    {
        let sql = format!(
            "UPDATE definition_version SET document = REPLACE(document, '{sound}', '{broken}') \
             WHERE definition_id = '{id}'"
        );
        transaction.execute_unprepared(&sql).await.unwrap();
    }
    transaction.commit().await.unwrap();
    world
}

#[tokio::test]
async fn what_is_broken_does_not_stop_followers_for_the_others() {
    each_database(async |test| {
        let world = half_broken(test).await;
        let before = world.ids("pace", "busy").await;
        let mut orders = vec![sale(13, "n0", day("2011-12-09"), 10)];
        orders.extend((0..4).map(|order| sale(1, &format!("n{order}"), day("2011-12-09"), 10)));
        world.ingest("new", orders).await;
        world.follow().await;
        assert_eq!(world.get(1, "size", None, None).await.unwrap().class_id, "middle");
        assert_eq!(world.get(13, "size", None, None).await.unwrap().class_id, "small");
        assert!(world.codes("standard").await.contains_key(&13));
        assert_eq!(world.ids("pace", "busy").await, before);
        assert!(!world.codes("other").await.contains_key(&13));
        for consumer in ["coding-facts", "coding", "codes"] {
            let waits = change_log::backlog(&world.db, consumer, topic(consumer)).await.unwrap();
            assert!(waits.is_none(), "{consumer}");
        }
    })
    .await;
}

fn topic(consumer: &str) -> change_log::Topic {
    match consumer {
        "coding-facts" => change_log::Topic::Facts,
        "coding" => change_log::Topic::Scores,
        _ => change_log::Topic::Classes,
    }
}

#[tokio::test]
async fn what_is_broken_does_not_stop_the_days_of_the_others() {
    each_database(async |test| {
        let world = half_broken(test).await;
        let calendar = BusinessCalendar::new(&shop::settings().time_zone).unwrap();
        let next = day("2011-12-11");
        shop::fix_business_date(&world.db, next).await;
        let daily = world.coding.dailies().remove(0);
        let due = async || start_due(&world.db, &calendar, daily.as_ref()).await.unwrap();
        assert_eq!(due().await, Some(next));
        let runs =
            run::list(&world.db, &run::RunFilter::default(), &PageRequest::first(1)).await.unwrap();
        let ended = world.carry_out(runs.items[0].run_id).await;
        assert_eq!((ended.state, ended.as_of), (RunState::Succeeded, Some(next)));
        assert_eq!(due().await, None, "nothing is due any more");
        assert!(world.get(1, "size", Some("2011-12-11"), None).await.is_ok());
        assert!(world.get(1, "pace", Some("2011-12-11"), None).await.is_err());
    })
    .await;
}

#[tokio::test]
async fn what_is_broken_does_not_stop_a_run_of_all() {
    each_database(async |test| {
        let world = half_broken(test).await;
        let all = world.classify(&[], AS_OF).await;
        assert_eq!((all.state, all.done), (RunState::Succeeded, 12));
        let named = world.start_classification(&["pace"], AS_OF, "").await.unwrap_err();
        assert_eq!(named.code(), Code::FailedPrecondition, "who names it is told");

        let request = Request::new(ListTaxonomiesRequest::default());
        let listed = TaxonomyService::list_taxonomies(&world.coding, request).await.unwrap();
        let [pace, size] = listed.into_inner().taxonomies.try_into().unwrap();
        assert!(pace.broken_reason.contains("no_such_feature"), "{}", pace.broken_reason);
        assert_eq!(size.broken_reason, "");
    })
    .await;
}

#[tokio::test]
async fn a_broken_scheme_is_listed_and_does_not_keep_codes_from_being_read() {
    each_database(async |test| {
        let world = half_broken(test).await;
        let request = Request::new(ListCodeSchemesRequest::default());
        let listed = CodeService::list_code_schemes(&world.coding, request).await.unwrap();
        let [other, standard] = listed.into_inner().code_schemes.try_into().unwrap();
        assert_eq!((other.capacity, standard.capacity), (0, 999_999));
        assert!(other.broken_reason.contains("cannot give codes"), "{}", other.broken_reason);
        assert_eq!(standard.broken_reason, "");
        let code = world.codes("standard").await[&1].clone();
        assert!(world.resolve(&code.to_lowercase()).await.is_ok());
        // What nobody has is looked for under every scheme.
        assert_eq!(world.resolve("NOBODY").await.unwrap_err().code(), Code::NotFound);
    })
    .await;
}
