//! Taxonomies: templates, drafts, what is refused and where the mistake is.

use kehu_contract::coding::{
    CreateTaxonomyRequest, GetTaxonomyRequest, ListTaxonomiesRequest, ListTemplatesRequest,
    TaxonomyDefinition, create_taxonomy_request::Origin, taxonomy_service_server::TaxonomyService,
};
use kehu_contract::error::ErrorReason;
use kehu_core::Value;
use kehu_core::scorecard::{calibrate, templates};
use kehu_server::{clock, fault};
use kehu_storage::definitions::{self, Signed};
use kehu_storage::scoring::scorecards::Calibrated;
use kehu_tests::{day, each_database, shop::reference};
use tonic::{Code, Request};

use crate::world::{World, class, size, taxonomy, violations};

#[tokio::test]
async fn req_2_1_a_taxonomy_says_what_it_is_for_and_whose_it_is() {
    each_database(async |test| {
        let world = World::new(test);
        let nameless = TaxonomyDefinition { purpose: None, owner: None, ..size() };
        world.create(Origin::Definition(nameless)).await.unwrap();
        let refused = world.publish("size").await.unwrap_err();
        let fields: Vec<_> = violations(&refused).into_iter().map(|(field, _)| field).collect();
        assert_eq!(fields, ["definition.purpose", "definition.owner"]);
        world.create(Origin::Definition(size())).await.unwrap();
        let published = world.publish("size").await.unwrap().definition.unwrap();
        assert_eq!(published.purpose.unwrap().en, "To test");
        assert_eq!(published.owner.unwrap().en, "Testers");
    })
    .await;
}

#[tokio::test]
async fn templates_are_listed_and_need_their_scorecards() {
    each_database(async |test| {
        let world = World::new(test);
        let request = Request::new(ListTemplatesRequest {});
        let listed = world.coding.list_templates(request).await.unwrap().into_inner().templates;
        let ids: Vec<_> = listed.iter().map(|template| template.id.as_str()).collect();
        let shipped = kehu_core::taxonomy::templates();
        assert_eq!(ids, Vec::from_iter(shipped.iter().map(|template| template.id.as_str())));

        let abc = Origin::Template("abc".to_owned());
        let refused = world.create(abc.clone()).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument);
        let fields: Vec<_> = violations(&refused).into_iter().map(|(field, _)| field).collect();
        assert_eq!(
            fields,
            [
                "template.classes[0].predicate",
                "template.classes[1].predicate",
                "template.classes[2].predicate"
            ]
        );
        world.score_abc(&[(1, 100)], "2011-12-10").await;
        let draft = world.create(abc).await.unwrap();
        assert_eq!((draft.name.as_str(), draft.version), ("taxonomies/abc", 1));
        assert!(!draft.published);
        assert_eq!(draft.definition.as_ref(), listed.first());
        let unknown = world.create(Origin::Template("xyz".to_owned())).await.unwrap_err();
        assert_eq!(violations(&unknown)[0].0, "template");
    })
    .await;
}

#[tokio::test]
async fn every_problem_is_told_with_its_place() {
    each_database(async |test| {
        let world = World::new(test);
        let mut definition = taxonomy(
            "Bad",
            vec![
                class("one", "1", "orders_totl >= 10"),
                class("two", "toolong", "orders_total >= 'x'"),
                class("two", "3", "orders_total"),
                class("four", "4", "orders_total >=\n  ) 3"),
                class("five", "5", "country = 'GB' AND orders_total > 1"),
                class("six", "6", "abc_grade = 'A'"),
                class("seven", "7", ""),
                class("rest", "8", ""),
            ],
        );
        definition.classes[4].parent = "nowhere".to_owned();
        let refused = world.create(Origin::Definition(definition)).await.unwrap_err();
        let found = violations(&refused);
        let fields: Vec<_> = found.iter().map(|(field, _)| field.as_str()).collect();
        assert_eq!(
            fields,
            [
                "definition.id",
                "definition.classes[1].code",
                "definition.classes[2].id",
                "definition.classes[4].parent",
                "definition.classes[6].predicate",
                "definition.classes[0].predicate",
                "definition.classes[1].predicate",
                "definition.classes[2].predicate",
                "definition.classes[3].predicate",
                "definition.classes[5].predicate",
            ]
        );
        let of = |index: usize| {
            let field = format!("definition.classes[{index}].predicate");
            found.iter().find(|(name, _)| *name == field).map(|(_, text)| text.as_str()).unwrap()
        };
        assert!(
            of(0).starts_with("line 1, column 1:") && of(0).contains("orders_total"),
            "{}",
            of(0)
        );
        assert!(of(3).starts_with("line 2, column 3:"), "{}", of(3));
        let listed = world.coding.list_taxonomies(Request::new(ListTaxonomiesRequest::default()));
        assert_eq!(listed.await.unwrap().into_inner().taxonomies, []);
    })
    .await;
}

#[tokio::test]
async fn a_draft_is_replaced_then_published_for_good() {
    each_database(async |test| {
        let world = World::new(test);
        let request = CreateTaxonomyRequest {
            origin: Some(Origin::Definition(size())),
            validate_only: true,
            ..Default::default()
        };
        let tried = TaxonomyService::create_taxonomy(&world.coding, Request::new(request));
        let tried = tried.await.unwrap().into_inner().taxonomy.unwrap();
        assert_eq!((tried.name.as_str(), tried.version), ("taxonomies/size", 1));
        let get = async |name: &str, version: i64| {
            let request = Request::new(GetTaxonomyRequest { name: name.to_owned(), version });
            let response = TaxonomyService::get_taxonomy(&world.coding, request).await;
            response.map(|response| response.into_inner().taxonomy.unwrap())
        };
        assert_eq!(get("taxonomies/size", 0).await.unwrap_err().code(), Code::NotFound);

        let first = world.create(Origin::Definition(size())).await.unwrap();
        let mut changed = size();
        changed.classes[0].predicate = "orders_total >= 11".to_owned();
        let second = world.create(Origin::Definition(changed.clone())).await.unwrap();
        assert_eq!((&first.name, first.version), (&second.name, second.version));
        let published = world.publish("size").await.unwrap();
        assert!(published.published && published.publish_time.is_some());
        assert_eq!(published.definition, Some(changed));
        let again = world.publish("size").await.unwrap_err();
        assert_eq!(fault::reason(&again), Some(ErrorReason::Precondition));
        let third = world.create(Origin::Definition(size())).await.unwrap();
        assert_eq!((third.version, third.published), (2, false));
        assert_eq!(get(&third.name, 0).await.unwrap(), third);
        assert_eq!(get("size", 1).await.unwrap(), published);
    })
    .await;
}

/// A scorecard that loses an indicator between the draft and its publishing.
#[tokio::test]
async fn publishing_checks_the_predicates_once_more() {
    each_database(async |test| {
        let world = World::new(test);
        let publish = async |card: &kehu_core::scorecard::Scorecard| {
            let values = vec![Value::Number(1.into()); card.features().len()];
            let calibration = calibrate(card, &[(reference(1), values)]).unwrap();
            let signed = Signed::at(clock::now());
            let draft = definitions::save_draft(&world.db, card, None, &signed).await.unwrap();
            let frozen = Calibrated { calibration, calibrated_on: day("2011-12-10") };
            definitions::publish(&world.db, &draft, &frozen, &signed).await.unwrap();
        };
        let mut rfm = templates().into_iter().find(|card| card.id == "rfm").unwrap();
        publish(&rfm).await;
        let definition = taxonomy(
            "recent",
            vec![
                class("a", "A", "rfm_recency_bin = 5"),
                class("b", "B", "rfm_frequency_bin = 5"),
                class("c", "C", "rfm_recency_bin + 1 >= 4"),
                class("d", "D", ""),
            ],
        );
        world.create(Origin::Definition(definition)).await.unwrap();
        rfm.indicators.remove(0);
        publish(&rfm).await;
        let refused = world.publish("recent").await.unwrap_err();
        let fields: Vec<_> = violations(&refused).into_iter().map(|(field, _)| field).collect();
        assert_eq!(fields, ["definition.classes[0].predicate", "definition.classes[2].predicate"]);
    })
    .await;
}
