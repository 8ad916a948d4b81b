//! The dimensions that customers are classified by: industry, size, place, and what tells of them.

use kehu_contract::coding::GetTaxonomyRequest;
use kehu_contract::ingestion::{
    CustomerProfile, ListCityTiersRequest, ListRejectsRequest, ProblemReason, Record,
    SetCityTierRequest, ingestion_service_client::IngestionServiceClient,
    reference_data_service_client::ReferenceDataServiceClient,
};
use kehu_contract::shared::FeatureFamily;
use kehu_tests::{date, each_database};
use tonic::Code;

use crate::records::{customer, orders};
use crate::world::{World, text};

const TODAY: &str = "2026-03-31";

/// An enterprise: its industry, people, revenue and assets in yuan, `-` for what is not known.
fn enterprise(text: &str) -> CustomerProfile {
    let words: Vec<&str> = text.split_whitespace().collect();
    let known = |place: usize| words.get(place).filter(|word| **word != "-");
    let ids = ["employees", "annual_revenue", "total_assets"];
    let attributes = ids.iter().zip(1..).filter_map(|(id, place)| {
        known(place).map(|value| ((*id).to_owned(), (*value).to_owned()))
    });
    CustomerProfile {
        customer_type: "company".to_owned(),
        industry_code: known(0).copied().unwrap_or_default().to_owned(),
        attributes: attributes.collect(),
        ..Default::default()
    }
}

/// Fourteen kinds of customers, and the class in which each is to be found.
const KINDS: [(&str, &str); 14] = [
    ("C2611 1000 400000000", "industry-large"),
    ("C2611 1000 399999999.9999", "industry-medium"),
    ("B06 299 500000000", "industry-small"),
    ("D44 19 500000000", "industry-small"),
    ("E47 - 800000000 800000000", "building-large"),
    ("K7010 - 10000000 50000000", "building-medium"),
    ("F51 200 400000000", "trade-large"),
    ("H62 9 900000000", "trade-small"),
    ("I65 100 10000000", "services-medium"),
    ("R 300", "services-large"),
    ("A01 - 4999999", "farming-small"),
    ("F 200 400000000", "trade-unsized"),
    ("J66 5000 90000000000", "institution"),
    ("- 5 100", "unknown"),
];

#[tokio::test]
async fn req_0_1_a_thousand_customers_by_industry_size_and_type() {
    each_database(async |test| {
        let world = World::new(test, TODAY).await;
        let expected = |number: usize| match number % 15 {
            14 => "person",
            kind => KINDS[kind].1,
        };
        let one = |number: usize| {
            let profile = match number % 15 {
                14 => CustomerProfile {
                    customer_type: "个人".to_owned(),
                    ..enterprise("C2611 1000 400000000")
                },
                kind => enterprise(KINDS[kind].0),
            };
            customer(&format!("c{number:04}"), profile)
        };
        world.ingest((0..1_000).map(one)).await;
        world.template("industry-size").await;
        world.classify(TODAY).await;
        let members = world.members("industry-size", "", TODAY).await;
        assert_eq!(members.len(), 1_000);
        for member in members {
            // Numbers are given in the order of the batch.
            let number: usize = member.customer.trim_start_matches("customers/").parse().unwrap();
            assert_eq!(member.class_id, expected(number - 1), "{member:?}");
            assert_eq!(member.predicate.is_empty(), member.class_id == "unknown", "{member:?}");
            for column in ["customer_type", "industry_section", "enterprise_size"] {
                assert!(member.evidence.contains_key(column), "{member:?}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn req_0_2_a_rule_on_a_section_holds_for_all_of_its_industries() {
    each_database(async |test| {
        let world = World::new(test, TODAY).await;
        let industries = ["C26", "2611", "c261", "制造业", "F51", ""];
        let one = |(place, industry): (usize, &&str)| {
            customer(
                &format!("c{place}"),
                enterprise(if industry.is_empty() { "-" } else { industry }),
            )
        };
        world.ingest(industries.iter().enumerate().map(one)).await;
        let features = [
            "industry",
            "industry_section",
            "industry_division",
            "industry_group",
            "industry_class",
        ];
        for (key, expected) in [
            ("c0", "C26 C C26 null null"),
            ("c1", "C2611 C C26 C261 C2611"),
            ("c2", "C261 C C26 C261 null"),
            ("c3", "C C null null null"),
            ("c5", "null null null null null"),
        ] {
            assert_eq!(world.features(key, TODAY, &features).await.join(" "), expected, "{key}");
        }
        let rules = [
            ("chemistry", "industry_division = 'C26'"),
            ("makers", "industry_section = 'C'"),
            ("rest", ""),
        ];
        world.taxonomy("industry", &rules).await;
        world.classify(TODAY).await;
        let classes =
            world.classes_of(&["c0", "c1", "c2", "c3", "c4", "c5"], "industry", TODAY).await;
        assert_eq!(classes, ["chemistry", "chemistry", "chemistry", "makers", "rest", "rest"]);

        let record = |line_number, industry| Record {
            line_number,
            kind: Some(customer("c9", enterprise(industry))),
        };
        let done = world.offer(vec![record(7, "C2699"), record(8, "水产"), record(9, "C26")]).await;
        assert_eq!(done.rejections.len(), 2);
        let mut service = IngestionServiceClient::new(world.client.clone());
        let rejects = service.list_rejects(ListRejectsRequest::default()).await.unwrap();
        let mut rejects = rejects.into_inner().rejects;
        rejects.sort_by_key(|reject| reject.line_number);
        for (reject, line) in rejects.iter().zip([7, 8]) {
            let problem = &reject.problems[0];
            let told = (reject.line_number, problem.field.as_str(), problem.reason());
            let field = "customer.profile.industry_code";
            assert_eq!(told, (line, field, ProblemReason::ValueUnknown));
        }
        assert!(rejects[0].problems[0].description.contains("C26 "), "{:?}", rejects[0]);
    })
    .await;
}

#[tokio::test]
async fn req_0_3_the_size_of_an_enterprise_at_and_about_each_bound() {
    each_database(async |test| {
        let world = World::new(test, TODAY).await;
        // Manufacturing: 20, 300 and 1,000 people, 3, 20 and 400 million yuan; retail: 10, 50 and 300, 1, 5
        // and 200 million.
        let cases = [
            ("C26 1000 400000000", "large"),
            ("C26 999 400000000", "medium"),
            ("C26 1000 399999999.9999", "medium"),
            ("C26 1001 400000000.0001", "large"),
            ("C26 300 20000000", "medium"),
            ("C26 299 20000000", "small"),
            ("C26 300 19999999.9999", "small"),
            ("C26 20 3000000", "small"),
            ("C26 19 3000000", "micro"),
            ("C26 20 2999999.9999", "micro"),
            ("F52 300 200000000", "large"),
            ("F52 299 200000000", "medium"),
            ("F52 50 5000000", "medium"),
            ("F52 50 4999999.9999", "small"),
            ("F52 9 5000000", "micro"),
            ("C26 1000 -", "null"),
            ("C26 19 -", "micro"),
            ("- 1000 400000000", "null"),
        ];
        let one = |(place, (text, _)): (usize, &(&str, &str))| {
            customer(&format!("c{place}"), enterprise(text))
        };
        world.ingest(cases.iter().enumerate().map(one)).await;
        for (place, (text, size)) in cases.iter().enumerate() {
            let found = world.features(&format!("c{place}"), TODAY, &["enterprise_size"]).await;
            assert_eq!(found, [*size], "{text}");
        }
        // Ten more people move it, and nothing on the days before.
        world.today_is("2026-04-01").await;
        world.ingest([customer("c1", enterprise("C26 1009 400000000"))]).await;
        assert_eq!(world.features("c1", TODAY, &["enterprise_size"]).await, ["medium"]);
        assert_eq!(world.features("c1", "2026-04-01", &["enterprise_size"]).await, ["large"]);
    })
    .await;
}

#[tokio::test]
async fn req_0_10_a_rule_on_a_province_holds_for_its_cities() {
    each_database(async |test| {
        let world = World::new(test, TODAY).await;
        let places = [
            ("CN", "广东", "", "440000 null"),
            ("", "", "深圳市", "440000 440300"),
            ("CN", "440000", "4403", "440000 440300"),
            ("China", "CN-GD", "广州", "440000 440100"),
            ("CN", "", "上海", "310000 310000"),
            ("CN", "北京市", "朝阳区", "110000 110000"),
            ("CN", "", "Xi'an", "610000 610100"),
            ("CN", "江苏", "杭州", "320000 null"),
            ("HK", "", "", "810000 null"),
            ("US", "US-CA", "Los Angeles", "US-CA null"),
            ("GB", "Yorkshire", "Leeds", "null null"),
            ("", "", "", "null null"),
        ];
        let one = |(place, (country, province, city, _)): (usize, &(&str, &str, &str, &str))| {
            let profile = CustomerProfile {
                region_code: (*country).to_owned(),
                province: (*province).to_owned(),
                city: (*city).to_owned(),
                ..Default::default()
            };
            customer(&format!("c{place}"), profile)
        };
        world.ingest(places.iter().enumerate().map(one)).await;
        for (place, (.., expected)) in places.iter().enumerate() {
            let (key, codes) = (format!("c{place}"), ["province_code", "city_code"]);
            let found = world.features(&key, TODAY, &codes).await.join(" ");
            assert_eq!(found, *expected, "{place}");
        }
        let rules = [
            ("shenzhen", "city_code = '440300'"),
            ("guangdong", "province_code = '440000'"),
            ("rest", ""),
        ];
        world.taxonomy("place", &rules).await;
        world.classify(TODAY).await;
        let classes = world.classes_of(&["c0", "c1", "c2", "c3", "c4"], "place", TODAY).await;
        assert_eq!(classes, ["guangdong", "shenzhen", "shenzhen", "guangdong", "rest"]);
    })
    .await;
}

/// Each feature is of one of the three families, and a taxonomy says how many of each its rules read.
#[tokio::test]
async fn req_4_1_a_taxonomy_shows_its_mix_of_the_three_families() {
    each_database(async |test| {
        let world = World::new(test, TODAY).await;
        let rules = [
            ("good", "industry_section = 'C' AND orders_365d > 3 AND amount_365d > 1000"),
            ("fair", "orders_365d > 1 AND preferred_channel = 'web'"),
            ("rest", ""),
        ];
        world.taxonomy("mixed", &rules).await;
        let request = GetTaxonomyRequest { name: "mixed".to_owned(), version: 0 };
        let mixed = world.taxonomies().get_taxonomy(request).await.unwrap().into_inner();
        let mix: Vec<_> = mixed
            .taxonomy
            .unwrap()
            .family_mix
            .into_iter()
            .map(|part| (part.family(), part.features.join(" ")))
            .collect();
        let expected = [
            (FeatureFamily::Social, "industry_section"),
            (FeatureFamily::Behaviour, "orders_365d preferred_channel"),
            (FeatureFamily::Value, "amount_365d"),
        ];
        assert_eq!(mix, expected.map(|(family, features)| (family, features.to_owned())));

        // Through a scorecard: those of its indicators.
        world.ingest(orders("c1 o1 2026-03-01T10:00 10\nc2 o2 2026-03-02T10:00 20")).await;
        world.score(&["rfm"], TODAY).await;
        world.template("rfm-11").await;
        let request = GetTaxonomyRequest { name: "rfm-11".to_owned(), version: 0 };
        let rfm = world.taxonomies().get_taxonomy(request).await.unwrap().into_inner();
        let mix = rfm.taxonomy.unwrap().family_mix;
        let families: Vec<_> =
            mix.iter().map(|part| (part.family(), part.features.len())).collect();
        assert_eq!(families, [(FeatureFamily::Behaviour, 2), (FeatureFamily::Value, 1)]);
    })
    .await;
}

/// Another tier from a day on: who is in the city is classified again, and nobody else is looked at.
#[tokio::test]
async fn req_0_11_another_tier_moves_the_customers_of_its_city_and_no_others() {
    each_database(async |test| {
        let world = World::new(test, TODAY).await;
        let living = |key: &str, city: &str| {
            customer(key, CustomerProfile { city: city.to_owned(), ..Default::default() })
        };
        world
            .ingest([
                living("c1", "深圳市"),
                living("c2", "佛山"),
                living("c3", "Foshan"),
                living("c4", "440600"),
            ])
            .await;
        let rules =
            [("first", "city_tier = 'tier-1'"), ("second", "city_tier = 'tier-2'"), ("rest", "")];
        world.taxonomy("tiers", &rules).await;
        world.classify(TODAY).await;
        world.follow().await;
        let of = async |on| world.classes_of(&["c1", "c2", "c4"], "tiers", on).await.join(" ");
        assert_eq!(of(TODAY).await, "first rest rest");

        world.today_is("2026-04-02").await;
        world.day_begins().await;
        let mut service = ReferenceDataServiceClient::new(world.client.clone());
        let wanted = SetCityTierRequest {
            city: "佛山市".to_owned(),
            tier: "tier-2".to_owned(),
            from_date: date("2026-04-01"),
            reason: "The list of 2026".to_owned(),
        };
        let done = service.set_city_tier(wanted.clone()).await.unwrap().into_inner();
        assert_eq!(done.customer_count, 2);
        world.follow().await;
        assert_eq!(of(TODAY).await, "first rest rest");
        assert_eq!(of("2026-04-02").await, "first second second");
        let moved = world.history("c2", "tiers").await;
        assert_eq!(text(moved[0].evidence.get("city_tier").cloned()), "tier-2");
        assert_eq!(world.history("c1", "tiers").await.len(), 1);

        // Why, and since when, is on record; the same again changes nothing.
        let again = service.set_city_tier(wanted.clone()).await.unwrap().into_inner();
        assert_eq!((again.customer_count, again.city_tier.unwrap().version), (0, 1));
        let request = ListCityTiersRequest { page_size: 1_000, ..Default::default() };
        let listed = service.list_city_tiers(request).await.unwrap().into_inner().city_tiers;
        assert_eq!(listed.len(), 20);
        let foshan = listed.iter().find(|one| one.city_code == "440600").unwrap();
        assert_eq!((foshan.tier.as_str(), foshan.reason.as_str()), ("tier-2", "The list of 2026"));
        assert!(foshan.change_time.is_some() && foshan.from_date == date("2026-04-01"));
        for bad in [
            SetCityTierRequest { city: "Springfield".to_owned(), ..wanted.clone() },
            SetCityTierRequest { tier: "best".to_owned(), ..wanted.clone() },
            SetCityTierRequest { reason: " ".to_owned(), ..wanted.clone() },
            SetCityTierRequest { from_date: date("2026-04-03"), ..wanted },
        ] {
            let refused = service.set_city_tier(bad).await.unwrap_err();
            assert_eq!(refused.code(), Code::InvalidArgument);
        }
    })
    .await;
}
