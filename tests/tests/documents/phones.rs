//! Customers of mobile phones.

use kehu_contract::ingestion::{CustomerProfile, record::Kind};
use kehu_contract::reporting::{
    GetClassSummaryRequest, reporting_service_client::ReportingServiceClient,
};
use kehu_tests::each_database;

use crate::records::{answer, customer, interaction, order, orders};
use crate::world::World;

const AS_OF: &str = "2024-03-31";

fn living_in(province: &str) -> CustomerProfile {
    CustomerProfile { province: province.to_owned(), ..Default::default() }
}

#[tokio::test]
async fn req_3_1_any_dimensions_cut_the_customers_into_parts() {
    each_database(async |test| {
        let world = World::new(test, AS_OF).await;
        let text = "c1 o1 2024-03-01T10:00 10 web\nc2 o2 2024-03-01T10:00 900 shop
                    c3 o3 2023-03-01T10:00 10 web\nc4 o4 2024-03-01T10:00 900 web";
        world.ingest(orders(text)).await;
        let people = [("c1", "广东"), ("c2", "辽宁"), ("c5", "广东"), ("c6", "")];
        world.ingest(people.map(|(key, province)| customer(key, living_in(province)))).await;
        let place = ("place", "province = '广东'");
        let channel = ("web", "preferred_channel = 'web'");
        let size = ("large", "amount_total >= 500");
        let recent = ("recent", "recency_days < 60");
        for (id, dimensions, expected) in [
            ("one", vec![place], vec![2, 4]),
            ("two", vec![place, channel], vec![2, 2, 2]),
            ("all", vec![size, recent, channel, place], vec![2, 1, 1, 1, 1]),
        ] {
            let mut classes = dimensions;
            classes.push(("rest", ""));
            world.taxonomy(id, &classes).await;
            world.classify(AS_OF).await;
            let mut reports = ReportingServiceClient::new(world.client.clone());
            let request = GetClassSummaryRequest { taxonomy: id.to_owned(), ..Default::default() };
            let summary = reports.get_class_summary(request).await.unwrap().into_inner();
            let counts: Vec<i64> =
                summary.classes.iter().map(|class| class.customer_count).collect();
            assert_eq!(counts, expected, "{id}");
            assert_eq!(counts.iter().sum::<i64>(), 6, "{id}");
            assert_eq!(summary.total.unwrap().customer_count, 6);
        }
    })
    .await;
}

#[tokio::test]
async fn req_3_2_groups_of_provinces_of_ones_own() {
    each_database(async |test| {
        let world = World::new(test, AS_OF).await;
        let people = [("c1", "辽宁"), ("c2", "广东"), ("c3", "河北"), ("c4", ""), ("c5", "海南")];
        world.ingest(people.map(|(key, province)| customer(key, living_in(province)))).await;
        let classes = [
            ("north", "province IN ('辽宁', '吉林', '黑龙江', '河北', '山西')"),
            ("south", "province IN ('广东', '广西', '海南', '福建')"),
            ("elsewhere", ""),
        ];
        world.taxonomy("north-south", &classes).await;
        world.classify(AS_OF).await;
        let keys = ["c1", "c2", "c3", "c4", "c5"];
        let found = world.classes_of(&keys, "north-south", AS_OF).await;
        assert_eq!(found, ["north", "south", "north", "elsewhere", "south"]);
    })
    .await;
}

#[tokio::test]
async fn req_3_4_what_was_bought_tells_the_valuable_from_those_who_leave() {
    each_database(async |test| {
        let world = World::new(test, AS_OF).await;
        let text = "c1 o1 2023-12-01T10:00 5999 web phones\nc1 o2 2024-01-01T10:00 199 web cases
                    c1 o3 2024-02-01T10:00 899.50 web earphones\nc1 o4 2024-03-01T10:00 4000 web phones
                    c2 o5 2023-07-01T10:00 99 web cases\nc2 o6 2023-08-01T10:00 99 web cases
                    c2 o7 2023-09-01T10:00 99 web cases\nc3 o8 2024-03-20T10:00 99 web cases";
        world.ingest(orders(text)).await;
        let asked = ["orders_365d", "amount_365d", "category_count_365d"];
        for (key, expected) in
            [("c1", ["4", "11097.5", "3"]), ("c2", ["3", "297", "1"]), ("c3", ["1", "99", "1"])]
        {
            assert_eq!(world.features(key, AS_OF, &asked).await, expected, "{key}");
        }
        let classes = [
            ("leaving", "recency_days > 3 * interpurchase_days_mean"),
            ("valuable", "amount_365d >= 5000 AND orders_365d >= 3 AND category_count_365d >= 2"),
            ("other", ""),
        ];
        world.taxonomy("purchases", &classes).await;
        world.classify(AS_OF).await;
        let found = world.classes_of(&["c1", "c2", "c3"], "purchases", AS_OF).await;
        assert_eq!(found, ["valuable", "leaving", "other"]);
    })
    .await;
}

#[tokio::test]
async fn req_3_5_views_without_an_order_give_a_tag_and_an_order_takes_it() {
    each_database(async |test| {
        let world = World::new(test, AS_OF).await;
        let mut views = Vec::new();
        // Of the views of c2 one is a day too old; those of c3 are two.
        for (key, days) in [
            ("c1", ["2024-03-02", "2024-03-20", "2024-03-30"].as_slice()),
            ("c2", ["2024-03-01", "2024-03-20", "2024-03-30"].as_slice()),
            ("c3", ["2024-03-20", "2024-03-30"].as_slice()),
        ] {
            for day in days {
                views.push(interaction(&format!(
                    "{key} {key}-{day} {day}T10:00 page_view web phone-x"
                )));
            }
        }
        world.ingest(views).await;
        world.taxonomy("intent", &[("looking", "viewed_not_bought_30d >= 3"), ("other", "")]).await;
        world.classify(AS_OF).await;
        let found = world.classes_of(&["c1", "c2", "c3"], "intent", AS_OF).await;
        assert_eq!(found, ["looking", "other", "other"]);
        let tags = world.classification("c1", "intent", AS_OF).await.tags;
        assert_eq!(tags.iter().map(|tag| tag.en.as_str()).collect::<Vec<_>>(), ["tag looking"]);
        // Another product than the one that it looked at changes nothing.
        world.ingest([order("c1 o1 2024-03-31T10:00 99 web cases")]).await;
        world.follow().await;
        assert_eq!(world.classes_of(&["c1"], "intent", AS_OF).await, ["looking"]);
        world.ingest([order("c1 o2 2024-03-31T11:00 5999 web phone-x")]).await;
        world.follow().await;
        let after = world.classification("c1", "intent", AS_OF).await;
        assert_eq!(after.class_id, "other");
        assert!(after.tags.iter().all(|tag| tag.en != "tag looking"));
    })
    .await;
}

/// An answer in a wave about a product.
fn about(wave: &str, product: &str, text: &str) -> Kind {
    let mut kind = answer(text);
    if let Kind::SurveyAnswer(answer) = &mut kind {
        answer.survey = wave.to_owned();
        answer.product_code = product.to_owned();
    }
    kind
}

#[tokio::test]
async fn req_3_7_a_low_score_is_seen_by_wave_product_and_class() {
    each_database(async |test| {
        let world = World::new(test, AS_OF).await;
        world.ingest(orders("c1 o1 2024-03-01T10:00 900\nc2 o2 2024-03-01T10:00 10")).await;
        let answers = [
            about("2023-q4", "phone-x", "c1 s1 2023-12-01T10:00 csat 5"),
            about("2024-q1", "phone-x", "c1 s2 2024-03-01T10:00 csat 2"),
            about("2024-q1", "phone-x", "c2 s3 2024-03-01T10:00 csat 1"),
            about("2024-q1", "phone-y", "c2 s4 2024-03-01T10:00 csat 5"),
            about("2024-q1", "", "c2 s5 2024-03-01T10:00 csat 4"),
        ];
        world.ingest(answers).await;
        world.taxonomy("size", &[("large", "amount_total >= 500"), ("small", "")]).await;
        world.classify(AS_OF).await;
        let columns = ["survey", "product_code", "class_id", "answer_count", "csat_mean"];
        let expected = [
            "2023-q4 phone-x large 1 100",
            "2024-q1 phone-x large 1 25",
            "2024-q1 phone-x small 1 0",
            "2024-q1 phone-y small 1 100",
            "2024-q1 null small 1 75",
        ];
        assert_eq!(world.report("satisfaction-products", "size", &columns).await, expected);
    })
    .await;
}

/// Industry, region, what is preferred, what was bought, and the class, in one query.
#[tokio::test]
async fn req_3_14_everything_known_of_customers_filters_a_class() {
    each_database(async |test| {
        let world = World::new(test, AS_OF).await;
        let profile = |industry: &str, province: &str| CustomerProfile {
            industry_code: industry.to_owned(),
            province: province.to_owned(),
            ..Default::default()
        };
        let people = [
            ("c1", profile("C26", "浙江省")),
            ("c2", profile("C26", "广东省")),
            ("c3", profile("F51", "浙江省")),
            ("c4", profile("C26", "浙江省")),
            ("c5", profile("C26", "浙江省")),
            ("c6", profile("C26", "浙江省")),
        ];
        world.ingest(people.map(|(key, profile)| customer(key, profile))).await;
        // c4 prefers mugs, c5 bought once, c6 is no VIP.
        let mut sales = String::new();
        for (key, count, amount, category) in [
            ("c1", 2, 900, "tea"),
            ("c2", 2, 900, "tea"),
            ("c3", 2, 900, "tea"),
            ("c4", 2, 900, "mugs"),
            ("c5", 1, 2000, "tea"),
            ("c6", 2, 9, "tea"),
        ] {
            for number in 0..count {
                sales += &format!(
                    "{key} {key}-{number} 2024-03-0{}T10:00 {amount} web {category}\n",
                    number + 1
                );
            }
        }
        world.ingest(orders(&sales)).await;
        world.taxonomy("vip", &[("vip", "amount_365d >= 1000"), ("other", "")]).await;
        world.classify(AS_OF).await;
        let all = "industry = 'C26' AND province = '浙江省' AND top_category = 'tea' \
                   AND orders_365d >= 2";
        let c1 = world.customer("c1").await;
        assert_eq!(world.chosen("vip", "vip", all).await, [c1]);
        assert_eq!(world.chosen("vip", "vip", "industry = 'C26'").await.len(), 4);
        assert_eq!(world.chosen("vip", "", all).await.len(), 2, "of any class");
    })
    .await;
}
