//! Who a customer is, by whatever is known of it; and codes that follow classes.

use std::collections::BTreeMap;

use kehu_contract::coding::{
    CodeEndReason, CodeScheme, CreateCodeSchemeRequest, LookupRequest, LookupResponse, Recoding,
    ResolveCodeRequest, StartCodingRequest, code_service_client::CodeServiceClient,
    lookup_request::Key,
};
use kehu_contract::ingestion::{CustomerProfile, MergeCustomersRequest, SourceReference};
use kehu_server::client::Client;
use kehu_tests::{date, each_database};
use tonic::{Code, Status};

use crate::records::{customer, order, orders};
use crate::world::{SOURCE, World};

const AS_OF: &str = "2024-03-31";
const SIZE: &str = "
id: size
label: {zh: 规模, en: Size}
purpose: {zh: 区别服务, en: To serve each as it is worth}
owner: {zh: 销售部, en: Sales}
default_class: small
service_levels:
  - {id: tailored, label: {zh: 定制化服务, en: Tailored service}}
classes:
  - id: large
    code: L
    label: {zh: 大客户, en: Large}
    predicate: amount_total >= 1000
    tags: [{zh: 重点客户, en: Key}]
    strategy:
      service_level: tailored
      owner_role: {id: manager, label: {zh: 大客户经理, en: Key account manager}}
  - id: small
    code: S
    label: {zh: 小客户, en: Small}
";

/// `big` and `small` of the class of their amount, with a code that follows it.
async fn world(test: &kehu_tests::TestDatabase) -> World {
    let world = World::new(test, AS_OF).await;
    world.ingest(orders("big o1 2024-03-01T10:00 2000\nsmall o2 2024-03-01T10:00 10")).await;
    let contact = |name: &str, phone: &str, email: &str| CustomerProfile {
        display_name: name.to_owned(),
        attributes: BTreeMap::from([
            ("phone".to_owned(), phone.to_owned()),
            ("email".to_owned(), email.to_owned()),
        ]),
        ..Default::default()
    };
    world.ingest([customer("big", contact("华为", "+86 139-1234-5678", "Sales@Big.cn"))]).await;
    world.ingest([customer("small", contact("小店", "021-87654321", "shop@small.cn"))]).await;
    world.written(SIZE).await;
    world.taxonomy("trade", &[("buyer", "orders_total > 0"), ("other", "")]).await;
    world.classify(AS_OF).await;
    let scheme = CodeScheme {
        id: "following".to_owned(),
        label: Some(kehu_contract::shared::Label { zh: "码".to_owned(), en: "Code".to_owned() }),
        template: "K-{class:1}{seq:4}{check:mod37_36}".to_owned(),
        taxonomy: "size".to_owned(),
        recoding: Recoding::OnClassChange.into(),
        ..Default::default()
    };
    let request = CreateCodeSchemeRequest { code_scheme: Some(scheme), validate_only: false };
    codes(&world).create_code_scheme(request).await.unwrap();
    let request = StartCodingRequest {
        scheme: "following".to_owned(),
        as_of_date: date(AS_OF),
        ..Default::default()
    };
    let started = codes(&world).start_coding(request).await.unwrap().into_inner();
    world.carry_out(&started.run.unwrap().name).await;
    world.follow().await;
    world
}

fn codes(world: &World) -> CodeServiceClient<Client> {
    CodeServiceClient::new(world.client.clone())
}

async fn lookup(world: &World, key: Key) -> Result<LookupResponse, Status> {
    let request = LookupRequest { key: Some(key), ..Default::default() };
    Ok(world.classes().lookup(request).await?.into_inner())
}

fn reference(key: &str) -> Key {
    let (source, external_id) = (SOURCE.to_owned(), key.to_owned());
    Key::Reference(SourceReference { source, external_id })
}

#[tokio::test]
async fn req_1_5_class_tags_and_strategy_by_code_phone_reference_or_id() {
    each_database(async |test| {
        let world = world(test).await;
        let big = lookup(&world, reference("big")).await.unwrap();
        let who = big.customer_summary.clone().unwrap();
        assert_eq!((who.display_name.as_str(), who.external_id.as_str()), ("华为", "big"));
        let [size, trade] = &big.classes[..] else { panic!("{:?}", big.classes) };
        assert_eq!((size.class_id.as_str(), trade.class_id.as_str()), ("large", "buyer"));
        assert_eq!((size.version, size.since_date), (1, date(AS_OF)));
        assert_eq!(size.tags[0].zh, "重点客户");
        let strategy = size.strategy.clone().unwrap();
        assert_eq!(strategy.service_level_label.unwrap().zh, "定制化服务");
        let role = strategy.terms.unwrap().owner_role.unwrap().label.unwrap();
        assert_eq!(role.en, "Key account manager");
        assert_eq!(trade.strategy, None);
        let code = big.codes[0].code.clone();
        assert!(big.codes[0].current && code.starts_with("K-L0001"), "{code}");
        for key in [
            Key::Customer(big.customer.clone()),
            Key::Code(code.to_lowercase()),
            Key::Phone("13912345678".to_owned()),
            Key::Email("sales@big.cn".to_owned()),
            Key::Text("0086 139 1234 5678".to_owned()),
            Key::Text("SALES@BIG.CN".to_owned()),
            Key::Text(code.replace('-', " ")),
            Key::Text("big".to_owned()),
        ] {
            let found = lookup(&world, key.clone()).await.unwrap();
            assert_eq!(LookupResponse { freshness_token: String::new(), ..found.clone() }, {
                LookupResponse { freshness_token: String::new(), ..big.clone() }
            });
        }
    })
    .await;
}

#[tokio::test]
async fn keys_of_nobody_and_of_several_are_told_apart() {
    each_database(async |test| {
        let world = world(test).await;
        for key in [
            reference("nobody"),
            Key::Customer("customers/999".to_owned()),
            Key::Code("K-L9999".to_owned()),
            Key::Phone("13900000000".to_owned()),
            Key::Email("a@b.cn".to_owned()),
            Key::Text("nobody".to_owned()),
        ] {
            let refused = lookup(&world, key.clone()).await.unwrap_err();
            assert_eq!(refused.code(), Code::NotFound, "{key:?}");
        }
        for key in [
            Key::Phone("abc".to_owned()),
            Key::Email("abc".to_owned()),
            Key::Text(String::new()),
            Key::Code("-".to_owned()),
            Key::Customer("17x".to_owned()),
        ] {
            let refused = lookup(&world, key.clone()).await.unwrap_err();
            assert_eq!(refused.code(), Code::InvalidArgument, "{key:?}");
        }
        let phone = BTreeMap::from([("phone".to_owned(), "139 1234 5678".to_owned())]);
        let profile = CustomerProfile { attributes: phone, ..Default::default() };
        world.ingest([customer("other", profile)]).await;
        let (big, other) = (world.customer("big").await, world.customer("other").await);
        let refused = lookup(&world, Key::Phone("13912345678".to_owned())).await.unwrap_err();
        assert_eq!(refused.code(), Code::FailedPrecondition);
        let message = refused.message();
        assert!(message.contains(&big) && message.contains(&other), "{message}");
    })
    .await;
}

/// What a merge makes of one is found by all that led to the other; what comes by a write is seen by who
/// asks for it.
#[tokio::test]
async fn an_absorbed_customer_leads_to_the_one_it_is_merged_into() {
    each_database(async |test| {
        let world = world(test).await;
        let small = lookup(&world, reference("small")).await.unwrap();
        let request = MergeCustomersRequest {
            survivor: world.customer("big").await,
            absorbed: small.customer.clone(),
            reason: "one shop".to_owned(),
            ..Default::default()
        };
        let merged = world.customers().merge_customers(request).await.unwrap().into_inner();
        for key in [Key::Customer(small.customer.clone()), Key::Code(small.codes[0].code.clone())] {
            let request =
                LookupRequest { key: Some(key), at_least_as_fresh: merged.freshness_token.clone() };
            let mut classes = world.classes();
            let (found, ()) = tokio::join!(classes.lookup(request), world.follow());
            let found = found.unwrap().into_inner();
            assert_eq!(found.customer, world.customer("big").await);
            assert_eq!(found.absorbed_customer, small.customer);
            let former = found.codes.iter().find(|code| code.code == small.codes[0].code).unwrap();
            assert!(!former.current && former.end_time.is_some());
            assert_eq!(former.end_reason(), CodeEndReason::Merge);
        }
    })
    .await;
}

#[tokio::test]
async fn req_0_19_a_fact_changes_the_class_then_the_code_and_the_old_one_says_why_it_ended() {
    each_database(async |test| {
        let world = world(test).await;
        let before = lookup(&world, reference("small")).await.unwrap().codes[0].clone();
        assert!(before.code.starts_with("K-S0001"), "{}", before.code);
        world.ingest([order("small o3 2024-03-30T10:00 5000")]).await;
        world.follow().await;
        let now = lookup(&world, reference("small")).await.unwrap();
        assert_eq!(now.classes[0].class_id, "large");
        let [current, former] = &now.codes[..] else { panic!("{:?}", now.codes) };
        assert!(current.current && current.code.starts_with("K-L0002"), "{}", current.code);
        let request = ResolveCodeRequest { code: before.code.clone(), ..Default::default() };
        let resolved = codes(&world).resolve_code(request).await.unwrap().into_inner();
        assert_eq!(resolved.code.as_ref(), Some(former));
        assert_eq!(resolved.current_code, current.code);
        assert_eq!((former.code.as_str(), former.current), (before.code.as_str(), false));
        assert_eq!(former.end_time, current.create_time);
        assert_eq!(former.end_reason(), CodeEndReason::ClassChange);
        assert_eq!((former.class_code.as_str(), former.end_class_code.as_str()), ("S", "L"));
        assert_eq!(former.successor, current.code);
        assert_eq!(lookup(&world, Key::Code(before.code)).await.unwrap().customer, now.customer);
        // Once.
        world.follow().await;
        assert_eq!(lookup(&world, reference("small")).await.unwrap().codes, now.codes);
    })
    .await;
}
