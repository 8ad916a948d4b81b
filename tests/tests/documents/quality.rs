//! How good the data is, what a taxonomy asks of it, and how much of what classes rest on was there.

use kehu_coding::taxonomy_definition;
use kehu_contract::coding::{
    CreateTaxonomyRequest, PublishTaxonomyRequest, create_taxonomy_request::Origin,
};
use kehu_contract::ingestion::{
    CustomerProfile, GetDataQualityRequest, StartMeasurementRequest,
    data_quality_service_client::DataQualityServiceClient, record::Kind,
};
use kehu_core::taxonomy::Taxonomy;
use kehu_tests::each_database;
use tonic::{Code, Status};

use crate::records::{customer, order};
use crate::world::World;

const TODAY: &str = "2024-03-31";

const ASKING: &str = "
id: by-city
label: {zh: 按城市, en: By city}
purpose: {zh: 区域管理, en: To manage regions}
owner: {zh: 销售部, en: Sales}
default_class: elsewhere
data_quality:
  - {record: customer, field: city, dimension: completeness, at_least: 0.9}
  - {record: customer, field: attributes.phone, dimension: uniqueness, at_least: 1}
classes:
  - {id: ningbo, code: N, label: {en: Ningbo}, predicate: city = '宁波'}
  - {id: elsewhere, code: E, label: {en: Elsewhere}}
";

fn known(key: &str, city: &str, phone: &str) -> Kind {
    let mut profile = CustomerProfile {
        display_name: format!("客户{key}"),
        city: city.to_owned(),
        ..Default::default()
    };
    if !phone.is_empty() {
        profile.attributes.insert("phone".to_owned(), phone.to_owned());
    }
    customer(key, profile)
}

async fn measure(world: &World) {
    let mut service = DataQualityServiceClient::new(world.client.clone());
    let started = service.start_measurement(StartMeasurementRequest::default()).await.unwrap();
    world.carry_out(&started.into_inner().run.unwrap().name).await;
}

async fn publish(world: &World) -> Result<(), Status> {
    let request =
        PublishTaxonomyRequest { name: "taxonomies/by-city".to_owned(), ..Default::default() };
    world.taxonomies().publish_taxonomy(request).await.map(drop)
}

/// The text of a refusal.
async fn refused(world: &World) -> String {
    let status = publish(world).await.unwrap_err();
    assert_eq!(status.code(), Code::FailedPrecondition, "{status:?}");
    status.message().to_owned()
}

#[tokio::test]
async fn req_0_13_data_below_what_a_taxonomy_asks_holds_back_publishing() {
    each_database(async |test| {
        let world = World::new(test, TODAY).await;
        let phones = ["13900000001", "13900000001", "13900000003", ""];
        let known_ones = phones
            .iter()
            .zip(1..)
            .map(|(phone, n)| known(&n.to_string(), if n <= 3 { "宁波" } else { "" }, phone));
        world.ingest(known_ones).await;
        let definition = taxonomy_definition(&Taxonomy::from_yaml(ASKING).unwrap());
        let origin = Some(Origin::Definition(definition));
        let request = CreateTaxonomyRequest { origin, ..Default::default() };
        world.taxonomies().create_taxonomy(request).await.unwrap();
        // Nobody knows how good the data is.
        let text = refused(&world).await;
        assert!(text.contains("was not measured") && text.contains("kehu quality"), "{text}");
        measure(&world).await;
        let text = refused(&world).await;
        assert!(text.contains("completeness of customer city is 0.75, and 0.9 is asked"), "{text}");
        assert!(text.contains("uniqueness of customer attributes.phone is 0.6666"), "{text}");
        // Mended, and measured again.
        world.ingest([known("4", "杭州", ""), known("2", "宁波", "13900000002")]).await;
        assert!(publish(&world).await.is_err(), "what was measured is what counts");
        measure(&world).await;
        publish(&world).await.unwrap();
        // What was measured long ago says nothing of today.
        let again = CreateTaxonomyRequest {
            origin: Some(Origin::Definition(taxonomy_definition(
                &Taxonomy::from_yaml(&ASKING.replace("宁波'", "杭州'")).unwrap(),
            ))),
            ..Default::default()
        };
        world.taxonomies().create_taxonomy(again).await.unwrap();
        world.today_is("2024-04-08").await;
        assert!(refused(&world).await.contains("was not measured within 7 days"));
        world.today_is("2024-04-07").await;
        publish(&world).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn req_2_2_each_class_says_how_much_of_what_it_rests_on_was_there() {
    each_database(async |test| {
        let world = World::new(test, TODAY).await;
        world.ingest([known("1", "宁波", ""), known("2", "", ""), known("3", "", "")]).await;
        world.ingest([order("1 o1 2024-03-01T10:00 900"), order("2 o2 2024-03-01T10:00 20")]).await;
        let large = "avg_order_value_365d >= 100 OR city = '杭州'";
        world.taxonomy("size", &[("large", large), ("small", "")]).await;
        world.classify(TODAY).await;
        let mut confidence = Vec::new();
        for key in ["1", "2", "3"] {
            let class = world.classification(key, "size", TODAY).await;
            confidence.push((class.class_id, class.data_confidence.unwrap().value));
        }
        let of = |class: &str, share: &str| (class.to_owned(), share.to_owned());
        assert_eq!(confidence, [of("large", "1"), of("small", "0.5"), of("small", "0")]);
        let columns = ["class_id", "customer_count", "input_count", "present_count"];
        let columns = [&columns[..], &["data_confidence", "complete_share"]].concat();
        assert_eq!(
            world.report("data-confidence", "size", &columns).await,
            ["large 1 2 2 1 1", "small 2 4 1 0.25 0", "total 3 6 3 0.5 0.3333"]
        );
        // As 0.13: how good the data itself is.
        measure(&world).await;
        let mut service = DataQualityServiceClient::new(world.client.clone());
        let request = GetDataQualityRequest::default();
        let quality = service.get_data_quality(request).await.unwrap().into_inner();
        let city = quality.lines.iter().find(|line| line.field == "city").unwrap();
        assert_eq!(city.completeness.as_ref().unwrap().value, "0.3333");
    })
    .await;
}
