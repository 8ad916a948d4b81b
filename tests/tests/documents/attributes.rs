//! Attributes of customers: declared, typed, and processed on a basis.

use std::collections::BTreeMap;

use kehu_analytics::{Analytics, CustomerSet, Limits};
use kehu_contract::ingestion::{
    Attribute, AttributeSensitivity, AttributeType, CustomerProfile, DeclareAttributeRequest,
    GetAttributeRequest, LawfulBasis, ListAttributesRequest, ListRejectsRequest, ProblemReason,
    ProcessingBasis, Record, SourceReference, UpsertCustomerRequest,
    attribute_service_client::AttributeServiceClient,
    ingestion_service_client::IngestionServiceClient,
};
use kehu_contract::scoring::{ListFeaturesRequest, feature_service_client::FeatureServiceClient};
use kehu_contract::shared::{FeatureFamily, Label};
use kehu_core::scorecard::Scorecard;
use kehu_server::client::Client;
use kehu_tests::each_database;
use tonic::{Code, Status};

use crate::records::customer;
use crate::world::{SOURCE, World};

const TODAY: &str = "2026-03-31";

fn attributes(world: &World) -> AttributeServiceClient<Client> {
    AttributeServiceClient::new(world.client.clone())
}

async fn declare(world: &World, attribute: Attribute) -> Result<Attribute, Status> {
    let attribute = Some(attribute);
    let request = DeclareAttributeRequest { attribute, ..Default::default() };
    let answer = attributes(world).declare_attribute(request).await?;
    Ok(answer.into_inner().attribute.unwrap())
}

fn attribute(id: &str, kind: AttributeType, family: FeatureFamily) -> Attribute {
    Attribute {
        id: id.to_owned(),
        label: Some(Label { zh: id.to_owned(), en: id.to_owned() }),
        r#type: kind.into(),
        family: family.into(),
        ..Default::default()
    }
}

/// A profile with these attributes, `id=value` with spaces between.
fn having(text: &str) -> CustomerProfile {
    let pairs = text.split(' ').filter_map(|pair| pair.split_once('='));
    let attributes: BTreeMap<_, _> =
        pairs.map(|(id, value)| (id.to_owned(), value.to_owned())).collect();
    CustomerProfile { attributes, ..Default::default() }
}

async fn upsert(world: &World, key: &str, attributes: &str) -> Result<(), Status> {
    let reference = SourceReference { source: SOURCE.to_owned(), external_id: key.to_owned() };
    let request = UpsertCustomerRequest {
        reference: Some(reference),
        profile: Some(having(attributes)),
        ..Default::default()
    };
    world.customers().upsert_customer(request).await.map(drop)
}

/// An attribute as it is, with the ground on which it is processed.
pub(crate) async fn give_basis(world: &World, id: &str) -> Attribute {
    let request = GetAttributeRequest { name: id.to_owned(), version: 0 };
    let held = attributes(world).get_attribute(request).await.unwrap().into_inner();
    let basis = ProcessingBasis {
        lawful_basis: LawfulBasis::Consent.into(),
        purpose: "To offer plans by age".to_owned(),
    };
    declare(world, Attribute { basis: Some(basis), ..held.attribute.unwrap() }).await.unwrap()
}

/// A bank keeps what a customer has with it, a carrier the hours on line: declared, written and ruled
/// by while everything runs.
#[tokio::test]
async fn req_1_4_an_attribute_of_ones_own_is_in_rules_at_once() {
    each_database(async |test| {
        let world = World::new(test, TODAY).await;
        // Another process, whose catalogue was read before.
        let other = Analytics::new(world.db.clone(), Limits::of_memory(1 << 30));
        assert!(other.catalogue().await.unwrap().find("attr_assets").is_none());
        let refused = upsert(&world, "c1", "assets=250000.5").await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument);

        let assets = attribute("assets", AttributeType::Decimal, FeatureFamily::Value);
        let assets = Attribute { unit: "currency".to_owned(), ..assets };
        let declared = declare(&world, assets.clone()).await.unwrap();
        assert_eq!((declared.version, declared.feature.as_str()), (1, "attr_assets"));
        declare(&world, attribute("premium", AttributeType::Boolean, FeatureFamily::Social))
            .await
            .unwrap();
        declare(&world, attribute("signed", AttributeType::Date, FeatureFamily::Behaviour))
            .await
            .unwrap();
        declare(&world, attribute("visits", AttributeType::Integer, FeatureFamily::Behaviour))
            .await
            .unwrap();
        declare(&world, attribute("tariff", AttributeType::Text, FeatureFamily::Behaviour))
            .await
            .unwrap();

        world
            .ingest([
                customer("c1", having("assets=250000.50 premium=是 visits=12 tariff=M")),
                customer("c2", having("assets=900 premium=no signed=2026/3/1")),
                customer("c3", having("tariff=L")),
            ])
            .await;
        let features =
            ["attr_assets", "attr_premium", "attr_signed", "attr_signed_days", "attr_visits"];
        let values = async |key| world.features(key, TODAY, &features).await.join(" ");
        assert_eq!(values("c1").await, "250000.5 true null null 12");
        assert_eq!(values("c2").await, "900 false 2026-03-01 30 null");
        assert_eq!(values("c3").await, "null null null null null");
        let all = CustomerSet::All;
        let frame = other.features(&all, kehu_tests::day(TODAY), &["attr_tariff"]).await.unwrap();
        assert_eq!(frame.len(), 3);

        let rules = [
            ("rich", "attr_assets >= 100000 AND attr_premium AND attr_tariff = 'M'"),
            ("young", "attr_signed_days <= 30 AND attr_signed >= '2026-01-01'"),
            ("rest", ""),
        ];
        world.taxonomy("own", &rules).await;
        world.classify(TODAY).await;
        let classes = world.classes_of(&["c1", "c2", "c3"], "own", TODAY).await;
        assert_eq!(classes, ["rich", "young", "rest"]);
        let card = Scorecard::from_yaml(CARD).unwrap();
        world.scorecard(&card, TODAY).await.unwrap();

        // Said again otherwise, from today on; earlier days keep what held.
        world.follow().await;
        world.today_is("2026-04-02").await;
        world.ingest([customer("c1", having("assets=7"))]).await;
        world.follow().await;
        let classes = world.classes_of(&["c1"], "own", "2026-04-02").await;
        assert_eq!(classes, ["rest"]);
        assert_eq!(world.features("c1", "2026-04-01", &["attr_assets"]).await, ["250000.5"]);
        assert_eq!(world.features("c1", "2026-04-02", &["attr_assets"]).await, ["7"]);
    })
    .await;
}

const CARD: &str = "
id: rich
label: {zh: 资产, en: Assets}
indicators:
  - id: assets
    label: {zh: 资产, en: Assets}
    feature: attr_assets
    transform: {bands: {cuts: [1000, 100000], points: [0, 50, 100]}}
    direction: up
    weight: 1
    missing: {impute: 0}
";

#[tokio::test]
async fn values_of_another_type_are_refused_with_field_and_row() {
    each_database(async |test| {
        let world = World::new(test, TODAY).await;
        let visits = attribute("visits", AttributeType::Integer, FeatureFamily::Behaviour);
        declare(&world, visits.clone()).await.unwrap();
        let record = |line_number, attributes| Record {
            line_number,
            kind: Some(customer(&format!("c{line_number}"), having(attributes))),
        };
        let records = vec![
            record(2, "visits=12"),
            record(3, "visits=often"),
            record(4, "visit=3"),
            record(5, "gender=female"),
        ];
        world.offer(records).await;
        let request = ListRejectsRequest::default();
        let mut service = IngestionServiceClient::new(world.client.clone());
        let mut rejects = service.list_rejects(request).await.unwrap().into_inner().rejects;
        rejects.sort_by_key(|reject| reject.line_number);
        let told: Vec<_> = rejects
            .iter()
            .map(|reject| {
                let problem = &reject.problems[0];
                (reject.line_number, problem.field.as_str(), problem.reason())
            })
            .collect();
        let field = "customer.profile.attributes";
        assert_eq!(
            told,
            [
                (3, &*format!("{field}[visits]"), ProblemReason::NumberInvalid),
                (4, &*format!("{field}[visit]"), ProblemReason::AttributeUndeclared),
                (5, &*format!("{field}[gender]"), ProblemReason::BasisMissing),
            ]
        );
        // What may not be processed is not kept among what was refused.
        assert!(!rejects[2].raw.contains("female"), "{}", rejects[2].raw);
        assert!(rejects[0].raw.contains("often"), "{}", rejects[0].raw);

        let text = Attribute { r#type: AttributeType::Text.into(), ..visits.clone() };
        let refused = declare(&world, text).await.unwrap_err();
        assert_eq!(refused.code(), Code::FailedPrecondition);
        // The same again is no other version.
        assert_eq!(declare(&world, visits.clone()).await.unwrap().version, 1);
        let renamed = Attribute { description: "A month.".to_owned(), ..visits };
        let renamed = declare(&world, renamed).await.unwrap();
        assert_eq!((renamed.version, renamed.declare_time.is_some()), (2, true));
        let request = GetAttributeRequest { name: "attributes/visits".to_owned(), version: 1 };
        let first = attributes(&world).get_attribute(request).await.unwrap().into_inner();
        assert_eq!(first.attribute.unwrap().description, "");
        let listed = attributes(&world).list_attributes(ListAttributesRequest::default()).await;
        let listed = listed.unwrap().into_inner().attributes;
        let ids: Vec<&str> = listed.iter().map(|one| one.id.as_str()).collect();
        assert!(
            ids.is_sorted() && ids.contains(&"visits") && ids.contains(&"employees"),
            "{ids:?}"
        );
    })
    .await;
}

/// Sensitive fields need a declared basis; age bands move on the birthday, by the date alone.
#[tokio::test]
async fn req_3_3_bands_of_age_move_on_the_birthday_and_only_on_a_basis() {
    each_database(async |test| {
        let world = World::new(test, "2026-02-27").await;
        let refused = upsert(&world, "c1", "birth_date=1996-02-28").await.unwrap_err();
        assert!(refused.message().contains("no declared basis"), "{refused}");
        let refused = world.offer_taxonomy("age", "age >= 30").await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument);
        let features = FeatureServiceClient::new(world.client.clone())
            .list_features(ListFeaturesRequest {})
            .await
            .unwrap()
            .into_inner()
            .features;
        for feature in &features {
            let needs = ["age", "birth_date", "birth_date_days", "gender", "income", "occupation"];
            let unusable = needs.contains(&feature.id.as_str());
            assert_eq!(feature.unusable_reason.contains("basis"), unusable, "{}", feature.id);
        }

        let basis = give_basis(&world, "birth_date").await;
        assert_eq!((basis.version, basis.unusable_reason.as_str()), (1, ""));
        world
            .ingest([
                customer("c1", having("birth_date=1996-02-28")),
                customer("c2", having("birth_date=1996-02-29")),
                customer("c3", having("birth_date=2030-01-01")),
            ])
            .await;
        let bands = [("thirty", "age >= 30"), ("young", "age < 30"), ("unknown", "")];
        world.taxonomy("age", &bands).await;
        world.classify("2026-02-27").await;
        let of = async |on| world.classes_of(&["c1", "c2", "c3"], "age", on).await.join(" ");
        assert_eq!(of("2026-02-27").await, "young young unknown");
        world.today_is("2026-02-28").await;
        world.day_begins().await;
        assert_eq!(of("2026-02-28").await, "thirty young unknown");
        world.today_is("2026-03-01").await;
        world.day_begins().await;
        assert_eq!(of("2026-03-01").await, "thirty thirty unknown");

        // It stays sensitive, and without its basis nothing goes on with it.
        let request = GetAttributeRequest { name: "birth_date".to_owned(), version: 0 };
        let held = attributes(&world).get_attribute(request).await.unwrap().into_inner();
        let held = held.attribute.unwrap();
        let ordinary = AttributeSensitivity::Ordinary.into();
        let careless = Attribute { sensitivity: ordinary, ..held.clone() };
        assert_eq!(declare(&world, careless).await.unwrap_err().code(), Code::InvalidArgument);
        let withdrawn = declare(&world, Attribute { basis: None, ..held }).await.unwrap();
        assert_eq!(withdrawn.version, 2);
        assert!(!withdrawn.unusable_reason.is_empty());
        let refused = upsert(&world, "c4", "birth_date=1990-01-01").await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument);
        let refused = world.offer_taxonomy("age", "age >= 30").await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument);
    })
    .await;
}

#[tokio::test]
async fn req_4_26_age_gender_and_occupation_are_in_one_rule() {
    each_database(async |test| {
        let world = World::new(test, TODAY).await;
        for id in ["birth_date", "gender", "income", "occupation"] {
            give_basis(&world, id).await;
        }
        let refused = upsert(&world, "c1", "gender=unknown").await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument);
        world
            .ingest([
                customer("c1", having("birth_date=1990-05-01 gender=female occupation=nurse")),
                customer("c2", having("birth_date=1990-05-01 gender=male occupation=nurse")),
                customer("c3", having("birth_date=1960-05-01 gender=female occupation=nurse")),
                customer("c4", having("income=300000")),
            ])
            .await;
        let rules = [
            ("nurses", "age BETWEEN 30 AND 39 AND gender = 'female' AND occupation = 'nurse'"),
            ("earners", "income > 100000"),
            ("rest", ""),
        ];
        world.taxonomy("people", &rules).await;
        world.classify(TODAY).await;
        let classes = world.classes_of(&["c1", "c2", "c3", "c4"], "people", TODAY).await;
        assert_eq!(classes, ["nurses", "rest", "rest", "earners"]);
    })
    .await;
}

#[tokio::test]
async fn req_4_20_by_the_channel_they_came_from_and_industry() {
    each_database(async |test| {
        let world = World::new(test, TODAY).await;
        let one = |key: &str, channel: &str, industry: &str| {
            let mut profile = having(&format!("acquisition_channel={channel}"));
            profile.industry_code = industry.to_owned();
            customer(key, profile)
        };
        world
            .ingest([
                one("c1", "fair", "C26"),
                one("c2", "search", "C26"),
                one("c3", "fair", "F51"),
            ])
            .await;
        let rules = [
            ("makers-of-fairs", "acquisition_channel = 'fair' AND industry = 'C26'"),
            ("makers", "industry = 'C26'"),
            ("fairs", "acquisition_channel = 'fair'"),
            ("rest", ""),
        ];
        world.taxonomy("origin", &rules).await;
        world.classify(TODAY).await;
        let classes = world.classes_of(&["c1", "c2", "c3"], "origin", TODAY).await;
        assert_eq!(classes, ["makers-of-fairs", "makers", "fairs"]);
    })
    .await;
}

/// Value, needs and likings; consumption, way of buying, size and loyalty.
#[tokio::test]
async fn req_4_22_all_of_the_other_factors_are_features() {
    each_database(async |test| {
        let world = World::new(test, TODAY).await;
        let mut service = FeatureServiceClient::new(world.client.clone());
        let listed = service.list_features(ListFeaturesRequest {}).await.unwrap().into_inner();
        for (factor, ids) in [
            ("value", vec!["amount_365d", "profit_365d", "margin_365d"]),
            ("needs", vec!["viewed_not_bought_30d", "interactions_90d", "complaints_365d"]),
            ("likings", vec!["top_category", "top_brand", "price_level"]),
            ("consumption", vec!["orders_365d", "avg_order_value_365d", "interpurchase_days_mean"]),
            ("way of buying", vec!["preferred_channel", "preferred_hour_band", "weekend_share"]),
            ("size", vec!["employees", "annual_revenue", "total_assets"]),
            ("loyalty", vec!["tenure_days", "active_months_12m", "nps_last"]),
        ] {
            for id in ids {
                let found = listed.features.iter().find(|feature| feature.id == id);
                let reason = found.map(|feature| feature.unusable_reason.as_str());
                assert_eq!(reason, Some(""), "{factor}: {id}");
            }
        }
        let families = listed.features.iter().map(|feature| feature.family());
        assert!(families.clone().all(|family| family != FeatureFamily::Unspecified));
        world.ingest([customer("c1", having("employees=300 annual_revenue=20000000"))]).await;
        let size = world.features("c1", TODAY, &["employees", "annual_revenue"]).await;
        assert_eq!(size, ["300", "20000000"]);
    })
    .await;
}
