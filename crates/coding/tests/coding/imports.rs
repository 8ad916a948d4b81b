//! Codes that customers had before.

use CodeProblemKind::{CustomerUnknown, Malformed, Several, Taken};
use kehu_contract::coding::{
    CodeEndReason, CodeProblemKind, CodeScheme, ImportCodesRequest, ImportCodesResponse,
    ImportedCode, Recoding, code_service_server::CodeService, imported_code::Customer,
};
use kehu_tests::{day, each_database};
use tonic::{Code, Request, Status};

use crate::codes::{AS_OF, scheme};
use crate::world::{World, sale};

/// Large customers are 10 to 12, small ones 1 to 4.
async fn world(test: &kehu_tests::TestDatabase) -> World {
    let world = World::with_orders(test).await;
    world.publish_size().await;
    world.classify(&[], AS_OF).await;
    let plain = scheme("plain", "K{class:1}{seq:4}");
    let plain = CodeScheme { recoding: Recoding::OnClassChange.into(), ..plain };
    world.create_scheme(plain).await.unwrap();
    world
}

async fn import(
    world: &World,
    codes: &[(&str, i64)],
    change: impl FnOnce(&mut ImportCodesRequest),
) -> Result<ImportCodesResponse, Status> {
    let of = |(code, customer): &(&str, i64)| ImportedCode {
        code: (*code).to_owned(),
        customer: Some(Customer::Name(format!("customers/{customer}"))),
    };
    let mut request = ImportCodesRequest {
        scheme: "plain".to_owned(),
        codes: codes.iter().map(of).collect(),
        ..Default::default()
    };
    change(&mut request);
    Ok(CodeService::import_codes(&world.coding, Request::new(request)).await?.into_inner())
}

#[tokio::test]
async fn imported_codes_are_current_and_counters_go_on_beyond_them() {
    each_database(async |test| {
        let world = world(test).await;
        let codes = [("k-l-0007", 10), ("KS0002", 1), ("KS0900", 2)];
        let tried = import(&world, &codes, |it| it.validate_only = true).await.unwrap();
        assert_eq!((tried.imported_count, tried.problems.len()), (3, 0), "{tried:?}");
        assert!(world.codes("plain").await.is_empty(), "a dry run writes nothing");
        let done = import(&world, &codes, |_| {}).await.unwrap();
        assert_eq!((done.imported_count, done.unchanged_count), (3, 0));
        let again = import(&world, &codes, |_| {}).await.unwrap();
        assert_eq!((again.imported_count, again.unchanged_count), (0, 3));
        world.code("plain", AS_OF).await;
        let given = world.codes("plain").await;
        assert_eq!(given.len(), 12);
        assert_eq!([&given[&10], &given[&1], &given[&2]], ["k-l-0007", "KS0002", "KS0900"]);
        let mut new: Vec<&str> = [11, 12, 3, 4].map(|id| given[&id].as_str()).to_vec();
        new.sort_unstable();
        assert_eq!(new, ["KL0008", "KL0009", "KS0901", "KS0902"]);
        // Whose class changes later gets another one, and the imported one ends.
        let orders = (0..9).map(|n| sale(1, &format!("n{n}"), day("2011-12-09"), 1));
        world.follow().await;
        world.ingest("more", orders.collect()).await;
        world.follow().await;
        assert_eq!(world.codes("plain").await[&1], "KL0010");
        let former = world.resolve("KS0002").await.unwrap().code.unwrap();
        assert!(former.imported && !former.current);
        assert_eq!(former.end_reason(), CodeEndReason::ClassChange);
    })
    .await;
}

#[tokio::test]
async fn an_imported_code_takes_the_place_of_the_one_before() {
    each_database(async |test| {
        let world = world(test).await;
        world.code("plain", AS_OF).await;
        let before = world.codes("plain").await[&12].clone();
        import(&world, &[("KL4321", 12)], |_| {}).await.unwrap();
        let former = world.resolve(&before).await.unwrap();
        assert_eq!(former.current_code, "KL4321");
        let former = former.code.unwrap();
        assert_eq!(former.end_reason(), CodeEndReason::Import);
        assert_eq!(former.successor, "KL4321");
        // Aliases have any form, and are never current.
        import(&world, &[("Alt 12/客", 12)], |it| it.as_alias = true).await.unwrap();
        let alias = world.resolve("alt12客").await.unwrap();
        assert_eq!(alias.current_code, "KL4321");
        let alias = alias.code.unwrap();
        assert!(alias.imported && !alias.current && alias.end_time.is_none());
    })
    .await;
}

#[tokio::test]
async fn what_collides_is_reported_and_the_rest_imported() {
    each_database(async |test| {
        let world = world(test).await;
        import(&world, &[("KS0011", 1)], |_| {}).await.unwrap();
        let codes = [
            ("KS0011", 2),
            ("KX0001", 2),
            ("KS12", 2),
            ("KS0099", 999),
            ("KS0099", 2),
            ("KS0098", 2),
            ("KS0099", 3),
            ("KS0000", 4),
            ("KS0001", 4),
        ];
        let done = import(&world, &codes, |_| {}).await.unwrap();
        let found: Vec<_> = done.problems.iter().map(|it| (it.index, it.kind())).collect();
        assert_eq!(
            found,
            [
                (0, Taken),
                (1, Malformed),
                (2, Malformed),
                (3, CustomerUnknown),
                (5, Several),
                (6, Taken),
                (7, Malformed),
            ]
        );
        assert_eq!(done.problems[0].customer, "customers/1");
        assert_eq!(done.imported_count, 2);
        let alike = [("OLD0", 3)];
        let aliases = |it: &mut ImportCodesRequest| it.as_alias = true;
        import(&world, &[("OLDO", 5)], aliases).await.unwrap();
        let done = import(&world, &alike, aliases).await.unwrap();
        assert_eq!(done.problems[0].kind(), CodeProblemKind::LooksAlike);
        assert_eq!(done.problems[0].customer, "customers/5");
        let allowed = |it: &mut ImportCodesRequest| {
            it.as_alias = true;
            it.allow_look_alikes = true;
        };
        let done = import(&world, &alike, allowed).await.unwrap();
        assert_eq!(done.imported_count, 1);
        let refused = import(&world, &[], |_| {}).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument);
    })
    .await;
}
