//! Code schemes, and reading codes.

use std::collections::BTreeMap;

use kehu_coding::standard_scheme;
use kehu_contract::coding::{
    ClassDefinition, CodeScheme, CodeTable, DecodeCodeRequest, DecodeCodeResponse,
    GetCodeSchemeRequest, ListCodeSchemesRequest, ListCodesRequest, Recoding, ValidateCodeRequest,
    ValidateCodeResponse, code_service_server::CodeService, create_taxonomy_request::Origin,
};
use kehu_tests::each_database;
use tonic::{Code, Request, Status};

use crate::world::{World, class, taxonomy, violations};

pub(crate) const AS_OF: &str = "2011-12-10";

/// A scheme over the taxonomy `size`.
pub(crate) fn scheme(id: &str, template: &str) -> CodeScheme {
    let tables = if template.contains("{country}") { standard_scheme().tables } else { Vec::new() };
    CodeScheme {
        id: id.to_owned(),
        template: template.to_owned(),
        taxonomy: "size".to_owned(),
        tables,
        ..standard_scheme()
    }
}

pub(crate) const STANDARD: &str = "{country}-{class:1}{seq:6}{check:mod37_36}";

async fn coded(test: &kehu_tests::TestDatabase) -> World {
    let world = World::with_orders(test).await;
    world.publish_size().await;
    world.classify(&[], AS_OF).await;
    world.create_scheme(scheme("standard", STANDARD)).await.unwrap();
    world.code("standard", AS_OF).await;
    world
}

async fn decode(world: &World, code: &str, scheme: &str) -> Result<DecodeCodeResponse, Status> {
    let request = DecodeCodeRequest { code: code.to_owned(), scheme: scheme.to_owned() };
    Ok(CodeService::decode_code(&world.coding, Request::new(request)).await?.into_inner())
}

async fn validate(world: &World, code: &str) -> ValidateCodeResponse {
    let request = ValidateCodeRequest { code: code.to_owned(), scheme: String::new() };
    let response = CodeService::validate_code(&world.coding, Request::new(request)).await;
    response.unwrap().into_inner()
}

/// The numbers of the customers whose codes begin so, page by page.
async fn beginning(world: &World, prefix: &str) -> Vec<i64> {
    let (prefix, mut found) = (prefix.to_owned(), Vec::new());
    let mut request = ListCodesRequest { prefix, page_size: 2, ..Default::default() };
    loop {
        let asked = Request::new(request.clone());
        let page = CodeService::list_codes(&world.coding, asked).await.unwrap().into_inner();
        found.extend(page.codes.iter().map(|code| crate::world::number(&code.customer)));
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() {
            found.sort_unstable();
            return found;
        }
    }
}

#[tokio::test]
async fn req_0_18_a_class_with_all_below_it_is_listed_by_how_codes_begin() {
    each_database(async |test| {
        let world = World::with_orders(test).await;
        let below = |id: &str, code: &str, predicate: &str| ClassDefinition {
            parent: "big".to_owned(),
            ..class(id, code, predicate)
        };
        let classes = vec![
            class("big", "B", ""),
            below("largest", "BA", "orders_total >= 10"),
            below("large", "BB", "orders_total >= 5"),
            class("small", "SS", ""),
        ];
        world.create(Origin::Definition(taxonomy("tree", classes))).await.unwrap();
        world.publish("tree").await.unwrap();
        world.classify(&["tree"], AS_OF).await;
        let tree = scheme("tree", "{country}-{class:2}-{seq:4}");
        let tree = CodeScheme { taxonomy: "tree".to_owned(), ..tree };
        world.create_scheme(tree).await.unwrap();
        world.code("tree", AS_OF).await;
        for (prefix, customers) in [
            ("GB", vec![2, 4, 6, 8, 10, 12]),
            ("gb-b", vec![6, 8, 10, 12]),
            ("GB-BA", vec![10, 12]),
            ("GB BB", vec![6, 8]),
            ("FR-BB-0001", vec![9]),
            ("FR-BC", vec![]),
            ("Z", vec![1, 5, 7, 11]),
        ] {
            assert_eq!(beginning(&world, prefix).await, customers, "{prefix}");
        }
        for (prefix, scheme, code) in
            [("-", "", Code::InvalidArgument), ("GB", "none", Code::NotFound)]
        {
            let (prefix, scheme) = (prefix.to_owned(), scheme.to_owned());
            let request = ListCodesRequest { prefix, scheme, ..Default::default() };
            let refused = CodeService::list_codes(&world.coding, Request::new(request)).await;
            assert_eq!(refused.unwrap_err().code(), code);
        }
    })
    .await;
}

#[tokio::test]
async fn a_scheme_is_refused_with_everything_that_is_wrong() {
    each_database(async |test| {
        let world = World::new(test);
        let long =
            taxonomy("long", vec![class("a", "AB", "orders_total > 1"), class("b", "B", "")]);
        world.create(Origin::Definition(long)).await.unwrap();
        world.publish("long").await.unwrap();
        let table = |attribute: &str, unknown: &str| CodeTable {
            attribute: attribute.to_owned(),
            unknown: unknown.to_owned(),
            ..Default::default()
        };
        for (sent, expected) in [
            (
                CodeScheme { taxonomy: "none".to_owned(), ..scheme("one", "{class:1}{seq:4}") },
                vec!["code_scheme.taxonomy"],
            ),
            (
                CodeScheme { taxonomy: "long".to_owned(), ..scheme("one", "{class:1}{seq:4}") },
                vec!["code_scheme.template"],
            ),
            (
                CodeScheme {
                    tables: vec![table("shoe_size", "9"), table("country", "zz")],
                    recoding: 9,
                    ..scheme("One", "{shoe_size}{class:1}{seq:4}{seq:5}")
                },
                vec![
                    "code_scheme.recoding",
                    "code_scheme.tables[0].attribute",
                    "code_scheme.id",
                    "code_scheme.template",
                    "code_scheme.tables[1].unknown",
                ],
            ),
        ] {
            let refused = world.create_scheme(sent).await.unwrap_err();
            let fields: Vec<_> = violations(&refused).into_iter().map(|(field, _)| field).collect();
            assert_eq!(fields, expected);
        }
        let listed = CodeService::list_code_schemes(
            &world.coding,
            Request::new(ListCodeSchemesRequest::default()),
        );
        assert_eq!(listed.await.unwrap().into_inner().code_schemes, []);
    })
    .await;
}

#[tokio::test]
async fn a_scheme_never_changes() {
    each_database(async |test| {
        let world = World::new(test);
        world.publish_size().await;
        let sent = scheme("standard", STANDARD);
        let created = world.create_scheme(sent.clone()).await.unwrap();
        assert_eq!((created.name.as_str(), created.capacity), ("codeSchemes/standard", 999_999));
        let recoding = Recoding::OnClassChange.into();
        let again = world.create_scheme(CodeScheme { recoding, ..sent }).await.unwrap_err();
        assert_eq!(again.code(), Code::AlreadyExists);
        let request = GetCodeSchemeRequest { name: "codeSchemes/standard".to_owned() };
        let held = CodeService::get_code_scheme(&world.coding, Request::new(request)).await;
        assert_eq!(held.unwrap().into_inner().code_scheme, Some(created));
    })
    .await;
}

#[tokio::test]
async fn a_code_is_taken_apart_with_its_meaning() {
    each_database(async |test| {
        let world = coded(test).await;
        let codes = world.codes("standard").await;
        let segments = decode(&world, &codes[&12].to_lowercase(), "").await.unwrap().segments;
        let seen: Vec<_> = segments
            .iter()
            .map(|part| {
                let meaning = part.meaning.as_ref().map(|label| label.en.as_str());
                (part.segment.as_str(), part.text.as_str(), meaning)
            })
            .collect();
        assert_eq!(
            seen[..3],
            [
                ("country", "GB", Some("United Kingdom")),
                ("class", "L", Some("Class large")),
                ("seq", "000002", Some("2")),
            ]
        );
        assert_eq!((seen.len(), seen[3].0, seen[3].2), (4, "check", None));
        let unknown = decode(&world, &codes[&1], "").await.unwrap();
        assert_eq!(
            (unknown.segments[0].text.as_str(), &unknown.segments[0].meaning),
            ("ZZ", &None)
        );
        assert_eq!(unknown.scheme, "codeSchemes/standard");
        let bad = decode(&world, "GB-L", "").await.unwrap_err();
        assert_eq!(violations(&bad)[0].0, "code");

        world.create_scheme(scheme("other", "{class:1}{seq:8}")).await.unwrap();
        let given = decode(&world, &codes[&12], "").await.unwrap();
        assert_eq!(given.scheme, "codeSchemes/standard");
        let ambiguous = decode(&world, "L00000009", "").await.unwrap_err();
        assert_eq!(violations(&ambiguous)[0].0, "scheme");
        assert_eq!(decode(&world, "L00000009", "other").await.unwrap().segments.len(), 2);
    })
    .await;
}

#[tokio::test]
async fn a_slip_of_the_pen_leads_to_the_codes_that_exist() {
    each_database(async |test| {
        let world = coded(test).await;
        let code = world.codes("standard").await[&12].clone();
        let right = validate(&world, &code).await;
        assert!(right.valid && right.assigned && right.problem.is_empty());
        assert_eq!(right.expected_check, code[10..]);
        assert_eq!(right.suggestions, [""; 0]);

        let mut characters: Vec<char> = code.chars().collect();
        characters.swap(8, 9);
        let swapped: String = characters.iter().collect();
        for typed in [swapped, code.replacen('L', "M", 1), code.replacen("GB", "GE", 1)] {
            let slip = validate(&world, &typed).await;
            assert!(!slip.valid && !slip.assigned && !slip.problem.is_empty(), "{typed}");
            assert!(slip.suggestions.contains(&code), "{typed}: {:?}", slip.suggestions);
            let codes: Vec<_> = world.codes("standard").await.into_values().collect();
            assert!(slip.suggestions.iter().all(|found| codes.contains(found)), "{typed}");
        }
        let free = decode(&world, "GBL000099", "").await;
        assert!(free.is_err());
        let short = validate(&world, "GBL1").await;
        assert_eq!((short.valid, short.expected_check.as_str()), (false, ""));
        assert_eq!(short.suggestions, [""; 0]);
    })
    .await;
}

#[tokio::test]
async fn a_code_resolves_however_it_is_written() {
    each_database(async |test| {
        let world = World::with_orders(test).await;
        world.publish_size().await;
        world.classify(&[], AS_OF).await;
        world
            .create_scheme(scheme("base", "K-{class:1}-{seq:3:base32}{check:mod37_36}"))
            .await
            .unwrap();
        world.code("base", AS_OF).await;
        let code = world.codes("base").await[&1].clone();
        assert!(code.starts_with("K-S-001"), "{code}");
        let check = &code[7..];
        for typed in [
            code.clone(),
            code.to_lowercase(),
            format!("k s 001{check}"),
            format!("ＫＳ００１{check}"),
            format!("KSO0I{check}"),
        ] {
            let found = world.resolve(&typed).await.unwrap();
            assert_eq!(found.code.unwrap().customer, "customers/1", "{typed}");
            assert_eq!(found.current_code, code);
        }
        assert_eq!(world.resolve("K-S-999").await.unwrap_err().code(), Code::NotFound);
        assert_eq!(world.resolve(" - ").await.unwrap_err().code(), Code::InvalidArgument);
    })
    .await;
}

/// The same customers get the same codes on both databases, in the order of their numbers.
#[tokio::test]
async fn codes_do_not_depend_on_the_database() {
    let mut seen: Vec<BTreeMap<i64, String>> = Vec::new();
    for test in kehu_tests::databases().await {
        let world = coded(&test).await;
        seen.push(world.codes("standard").await);
    }
    let without_check: BTreeMap<_, _> =
        seen[0].iter().map(|(customer, code)| (*customer, &code[..10])).collect();
    let expected = [
        (1, "ZZ-S000001"),
        (2, "GB-S000001"),
        (3, "FR-S000001"),
        (4, "GB-S000002"),
        (5, "ZZ-M000001"),
        (6, "GB-M000001"),
        (7, "ZZ-M000002"),
        (8, "GB-M000002"),
        (9, "FR-M000001"),
        (10, "GB-L000001"),
        (11, "ZZ-L000001"),
        (12, "GB-L000002"),
    ];
    assert_eq!(without_check, BTreeMap::from(expected));
    assert!(seen.iter().all(|codes| *codes == seen[0]));
}
